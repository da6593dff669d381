package org.deft4j.tree.constrain;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Grammars in GBNF, the notation of llama.cpp: rules {@code name ::= ...} of texts in quotes,
 * classes in brackets, {@code .}, rule names, groups, alternatives and repetitions; {@code #}
 * begins a comment. A rule ends with its line unless a parenthesis is open or an alternative is to
 * come.
 */
final class GbnfParser {
  private final Reading in;
  private int depth;

  private GbnfParser(String grammar) {
    in = new Reading("grammar", grammar);
  }

  static Map<String, Expr> parse(String grammar) {
    GbnfParser p = new GbnfParser(grammar);
    Map<String, Expr> rules = new LinkedHashMap<>();
    p.space(true);
    while (!p.in.done()) {
      String name = p.name();
      p.space(false);
      p.in.expect("::=");
      p.space(true);
      if (rules.put(name, p.alternatives(false)) != null) {
        throw p.in.bad("the rule " + name + " is defined twice");
      }
      p.space(true);
    }
    return rules;
  }

  private void space(boolean lines) {
    while (!in.done()) {
      int c = in.peek();
      if (c == ' ' || c == '\t' || lines && (c == '\n' || c == '\r')) {
        in.next();
      } else if (c == '#') {
        while (!in.done() && in.peek() != '\n') {
          in.next();
        }
      } else {
        return;
      }
    }
  }

  private static boolean inName(int c) {
    return c >= 'a' && c <= 'z'
        || c >= 'A' && c <= 'Z'
        || c >= '0' && c <= '9'
        || c == '-'
        || c == '_';
  }

  private String name() {
    int begin = in.at;
    while (inName(in.peek())) {
      in.next();
    }
    if (begin == in.at) {
      throw in.bad("a rule's name must stand here");
    }
    return in.text.substring(begin, in.at);
  }

  private Expr alternatives(boolean nested) {
    if (++depth > 200) {
      throw in.bad("groups are nested too deeply");
    }
    List<Expr> ways = new ArrayList<>();
    ways.add(sequence(nested));
    while (in.take("|")) {
      space(true);
      ways.add(sequence(nested));
    }
    depth--;
    return ways.size() == 1 ? ways.getFirst() : new Expr.Alt(ways);
  }

  private Expr sequence(boolean nested) {
    List<Expr> parts = new ArrayList<>();
    while (true) {
      Expr part;
      int c = in.peek();
      if (c == '"') {
        part = quoted();
      } else if (c == '[') {
        part = new Expr.Chars(charClass());
      } else if (c == '.') {
        in.next();
        part = new Expr.Chars(CodePoints.ALL);
      } else if (c == '(') {
        in.next();
        space(true);
        part = alternatives(true);
        in.expect(")");
      } else if (inName(c)) {
        part = new Expr.Ref(name());
      } else {
        return new Expr.Seq(parts);
      }
      space(nested);
      parts.add(repeated(part, nested));
    }
  }

  private Expr repeated(Expr part, boolean nested) {
    Expr e = part;
    while (true) {
      if (in.take("*")) {
        e = new Expr.Repeat(e, 0, -1);
      } else if (in.take("+")) {
        e = new Expr.Repeat(e, 1, -1);
      } else if (in.take("?")) {
        e = new Expr.Repeat(e, 0, 1);
      } else if (in.take("{")) {
        e = in.counted(e);
      } else {
        return e;
      }
      space(nested);
    }
  }

  private Expr quoted() {
    in.next();
    List<Expr> parts = new ArrayList<>();
    while (!in.take("\"")) {
      int c = character();
      parts.add(new Expr.Chars(CodePoints.of(c, c)));
    }
    return new Expr.Seq(parts);
  }

  private int character() {
    int c = in.next();
    if (c != '\\') {
      if (c == '\n') {
        throw in.bad("a text ends with its line: '\"' is missing");
      }
      return c;
    }
    int e = in.next();
    return switch (e) {
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'x' -> in.hex(2);
      case 'u' -> in.hex(4);
      case 'U' -> in.hex(8);
      case '"', '\\', '[', ']', '-', '^', '/' -> e;
      default -> throw in.bad("the escape \\" + Character.toString(e) + " is not known");
    };
  }

  private CodePoints charClass() {
    in.next();
    boolean not = in.take("^");
    CodePoints set = CodePoints.NONE;
    while (!in.take("]")) {
      int from = character();
      int to = from;
      if (in.peek() == '-' && in.at + 1 < in.text.length() && in.text.charAt(in.at + 1) != ']') {
        in.next();
        to = character();
        if (to < from) {
          throw in.bad("no range");
        }
      }
      set = set.or(CodePoints.of(from, to));
    }
    return not ? set.not() : set;
  }
}

package org.deft4j.tree.constrain;

import java.util.ArrayList;
import java.util.List;

/**
 * Regular expressions in the syntax and meaning of {@link java.util.regex.Pattern} without flags,
 * as far as they are regular: characters, classes (without intersections and {@code \p}), {@code
 * .}, groups, alternatives and all repetitions; greedy or not makes no difference to what matches.
 */
final class RegexParser {
  private static final CodePoints DIGIT = CodePoints.of('0', '9');
  private static final CodePoints WORD = CodePoints.of('0', '9', 'A', 'Z', '_', '_', 'a', 'z');
  private static final CodePoints SPACE = CodePoints.of(9, 13, ' ', ' ');
  private static final CodePoints LINE_ENDS =
      CodePoints.of('\n', '\n', '\r', '\r', 0x85, 0x85, 0x2028, 0x2029);

  private final Reading in;
  private int depth;

  private RegexParser(String regex) {
    in = new Reading("regular expression", regex);
  }

  static Expr parse(String regex) {
    RegexParser p = new RegexParser(regex);
    // The whole text must match: an anchor at its very end says nothing more.
    p.in.take("^");
    Expr e = p.alternatives();
    if (!p.in.done()) {
      throw p.in.bad("a ')' without '('");
    }
    return e;
  }

  private Expr alternatives() {
    if (++depth > 200) {
      throw in.bad("groups are nested too deeply");
    }
    List<Expr> ways = new ArrayList<>();
    do {
      ways.add(sequence());
    } while (in.take("|"));
    depth--;
    return ways.size() == 1 ? ways.getFirst() : new Expr.Alt(ways);
  }

  private Expr sequence() {
    List<Expr> parts = new ArrayList<>();
    while (!in.done() && in.peek() != '|' && in.peek() != ')') {
      if (in.peek() == '$' && in.at == in.text.length() - 1) {
        in.next();
        break;
      }
      parts.add(repeated(atom()));
    }
    return new Expr.Seq(parts);
  }

  private Expr repeated(Expr atom) {
    Expr e = atom;
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
      if (!in.take("?") && in.peek() == '+') {
        throw in.bad("possessive repetitions are not supported");
      }
    }
  }

  private Expr atom() {
    int c = in.next();
    return switch (c) {
      case '(' -> {
        if (in.take("?") && !in.take(":")) {
          throw in.bad("of the (?...) groups only (?:...) is supported");
        }
        Expr e = alternatives();
        in.expect(")");
        yield e;
      }
      case '[' -> new Expr.Chars(charClass());
      case '.' -> new Expr.Chars(LINE_ENDS.not());
      case '\\' -> new Expr.Chars(escape());
      case '*', '+', '?', '{' -> throw in.bad("nothing stands before this repetition");
      case '^', '$' -> throw in.bad("anchors are not supported: the whole text must match anyway");
      default -> new Expr.Chars(CodePoints.of(c, c));
    };
  }

  private CodePoints escape() {
    int c = in.next();
    return switch (c) {
      case 'd' -> DIGIT;
      case 'D' -> DIGIT.not();
      case 'w' -> WORD;
      case 'W' -> WORD.not();
      case 's' -> SPACE;
      case 'S' -> SPACE.not();
      case 'n' -> one('\n');
      case 'r' -> one('\r');
      case 't' -> one('\t');
      case 'f' -> one('\f');
      case 'e' -> one(27);
      case 'a' -> one(7);
      case 'u' -> one(in.hex(4));
      case 'x' -> {
        if (in.take("{")) {
          int end = in.text.indexOf('}', in.at);
          if (end < 0) {
            throw in.bad("'}' is missing");
          }
          int value = in.hex(Math.max(1, end - in.at));
          in.expect("}");
          yield one(value);
        }
        yield one(in.hex(2));
      }
      default -> {
        if (c < 128 && Character.isLetterOrDigit(c)) {
          in.at--;
          throw in.bad("the escape \\" + Character.toString(c) + " is not supported");
        }
        yield one(c);
      }
    };
  }

  private CodePoints one(int c) {
    if (c >= 0xD800 && c <= 0xDFFF) {
      throw in.bad("half of a surrogate pair is no character");
    }
    return CodePoints.of(c, c);
  }

  private CodePoints charClass() {
    boolean not = in.take("^");
    CodePoints set = CodePoints.NONE;
    boolean first = true;
    while (first || in.peek() != ']') {
      if (in.take("&&")) {
        throw in.bad("intersections of classes are not supported");
      }
      if (in.take("[")) {
        set = set.or(charClass());
        first = false;
        continue;
      }
      int c = in.next();
      CodePoints from = c == '\\' ? escape() : one(c);
      if (in.peek() == '-' && in.at + 1 < in.text.length() && in.text.charAt(in.at + 1) != ']') {
        in.next();
        int d = in.next();
        CodePoints to = d == '\\' ? escape() : one(d);
        set = set.or(range(from, to));
      } else {
        set = set.or(from);
      }
      first = false;
    }
    in.expect("]");
    return not ? set.not() : set;
  }

  private CodePoints range(CodePoints from, CodePoints to) {
    boolean single =
        from.ranges().size() == 1
            && to.ranges().size() == 1
            && from.ranges().getFirst()[0] == from.ranges().getFirst()[1]
            && to.ranges().getFirst()[0] == to.ranges().getFirst()[1];
    if (!single || from.ranges().getFirst()[0] > to.ranges().getFirst()[0]) {
      throw in.bad("no range");
    }
    return CodePoints.of(from.ranges().getFirst()[0], to.ranges().getFirst()[0]);
  }
}

package org.deft4j.engine.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.deft4j.engine.chat.Token.Kind;
import org.jspecify.annotations.Nullable;

/** Tokens to a syntax tree, by the grammar of Jinja 3.1 as far as chat templates use it. */
final class Parser {
  private static final int MAX_DEPTH = 200;
  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", ">", "<=", ">=");

  private final List<Token> tokens;
  private int at;
  private int depth;

  private Parser(List<Token> tokens) {
    this.tokens = tokens;
  }

  static List<Node> parse(String template) {
    Parser p = new Parser(Lexer.tokens(template));
    List<Node> nodes = p.body(Set.of());
    if (p.peek().kind() != Kind.END) {
      throw p.bad("'" + p.peek(1).text() + "' has no beginning");
    }
    return nodes;
  }

  // --- statements ---

  private List<Node> body(Set<String> ends) {
    enter();
    List<Node> nodes = new ArrayList<>();
    while (true) {
      Token t = peek();
      if (t.kind() == Kind.END) {
        if (!ends.isEmpty()) {
          throw bad("'" + String.join("' or '", ends) + "' is missing");
        }
        break;
      }
      if (t.kind() == Kind.STATEMENT && (ends.contains(peek(1).text()) || isEnd(peek(1).text()))) {
        if (!ends.contains(peek(1).text()) && !ends.isEmpty()) {
          throw bad("'" + peek(1).text() + "' where an end of another statement is needed");
        }
        break;
      }
      at++;
      switch (t.kind()) {
        case TEXT -> nodes.add(new Node.Text(t.text()));
        case PRINT -> {
          nodes.add(new Node.Print(tuple(), t.line()));
          close();
        }
        case STATEMENT -> nodes.add(statement());
        default -> throw bad("'" + t.text() + "' is not understood");
      }
    }
    depth--;
    return nodes;
  }

  private static boolean isEnd(String name) {
    return name.startsWith("end") || name.equals("else") || name.equals("elif");
  }

  private Node statement() {
    Token t = name();
    return switch (t.text()) {
      case "if" -> ifStatement(t.line());
      case "for" -> forStatement(t.line());
      case "set" -> set(t.line());
      case "macro" -> macro();
      // Marks what a model is trained on; prints its content.
      case "generation" -> {
        close();
        List<Node> body = body(Set.of("endgeneration"));
        end("endgeneration");
        yield new Node.Body(body);
      }
      case "break" -> {
        close();
        yield new Node.Break();
      }
      case "continue" -> {
        close();
        yield new Node.Continue();
      }
      default -> throw bad("the statement '" + t.text() + "' is not supported");
    };
  }

  private Node ifStatement(int line) {
    List<Node.Branch> branches = new ArrayList<>();
    Node condition = expression();
    close();
    Set<String> ends = Set.of("elif", "else", "endif");
    while (true) {
      branches.add(new Node.Branch(condition, body(ends)));
      at++;
      String next = name().text();
      if (next.equals("elif")) {
        condition = expression();
        close();
      } else if (next.equals("else")) {
        close();
        branches.add(new Node.Branch(null, body(Set.of("endif"))));
        end("endif");
        break;
      } else {
        close();
        break;
      }
    }
    return new Node.If(branches, line);
  }

  private Node forStatement(int line) {
    List<String> names = names();
    expectName("in");
    Node items = ternaryWithoutIf();
    Node filter = null;
    if (takeName("if")) {
      filter = expression();
    }
    if (takeName("recursive")) {
      throw bad("recursive loops are not supported");
    }
    close();
    List<Node> body = body(Set.of("else", "endfor"));
    List<Node> otherwise = List.of();
    at++;
    if (name().text().equals("else")) {
      close();
      otherwise = body(Set.of("endfor"));
      end("endfor");
    } else {
      close();
    }
    return new Node.For(names, items, filter, body, otherwise, line);
  }

  private List<String> names() {
    List<String> names = new ArrayList<>();
    boolean paren = take("(");
    do {
      names.add(name().text());
    } while (take(","));
    if (paren) {
      expect(")");
    }
    return names;
  }

  private Node set(int line) {
    List<String> names = names();
    String attribute = null;
    if (names.size() == 1 && take(".")) {
      attribute = name().text();
    }
    if (peek().kind() == Kind.CLOSE && attribute == null && names.size() == 1) {
      close();
      List<Node> body = body(Set.of("endset"));
      end("endset");
      return new Node.SetBlock(names.getFirst(), body);
    }
    expect("=");
    Node value = tuple();
    close();
    return new Node.Set(names, attribute, value, line);
  }

  private Node macro() {
    String name = name().text();
    expect("(");
    List<String> names = new ArrayList<>();
    List<@Nullable Node> defaults = new ArrayList<>();
    while (!take(")")) {
      if (!names.isEmpty()) {
        expect(",");
      }
      names.add(name().text());
      defaults.add(take("=") ? expression() : null);
    }
    close();
    List<Node> body = body(Set.of("endmacro"));
    end("endmacro");
    return new Node.Macro(name, names, defaults, body);
  }

  private void end(String name) {
    at++;
    if (!name().text().equals(name)) {
      throw bad("'" + name + "' is missing");
    }
    close();
  }

  // --- expressions, weakest binding first ---

  /** An expression, or several with commas between, which are a list. */
  private Node tuple() {
    Node first = expression();
    if (!peek().is(Kind.OPERATOR, ",")) {
      return first;
    }
    List<Node> items = new ArrayList<>(List.of(first));
    while (take(",")) {
      if (peek().kind() == Kind.CLOSE) {
        break;
      }
      items.add(expression());
    }
    return new Node.ListOf(items);
  }

  private Node expression() {
    enter();
    Node value = or();
    while (takeName("if")) {
      Node condition = or();
      Node otherwise = takeName("else") ? expression() : null;
      value = new Node.Choice(condition, value, otherwise);
    }
    depth--;
    return value;
  }

  /** What a loop runs over: an {@code if} after it filters. */
  private Node ternaryWithoutIf() {
    enter();
    Node value = or();
    depth--;
    return value;
  }

  private Node or() {
    Node left = and();
    while (peek().is(Kind.NAME, "or")) {
      int line = next().line();
      left = new Node.Binary("or", left, and(), line);
    }
    return left;
  }

  private Node and() {
    Node left = not();
    while (peek().is(Kind.NAME, "and")) {
      int line = next().line();
      left = new Node.Binary("and", left, not(), line);
    }
    return left;
  }

  private Node not() {
    if (peek().is(Kind.NAME, "not")) {
      int line = next().line();
      enter();
      Node value = new Node.Unary("not", not(), line);
      depth--;
      return value;
    }
    return comparison();
  }

  private Node comparison() {
    Node left = sum();
    Node all = null;
    while (true) {
      Token t = peek();
      String op = null;
      if (t.kind() == Kind.OPERATOR && COMPARISONS.contains(t.text())) {
        op = t.text();
        at++;
      } else if (takeName("in")) {
        op = "in";
      } else if (t.is(Kind.NAME, "not") && peek(1).is(Kind.NAME, "in")) {
        op = "not in";
        at += 2;
      }
      if (op == null) {
        return all == null ? left : all;
      }
      Node right = sum();
      Node one = new Node.Binary(op, left, right, t.line());
      all = all == null ? one : new Node.Binary("and", all, one, t.line());
      left = right;
    }
  }

  private Node sum() {
    Node left = concatenation();
    while (peek().is(Kind.OPERATOR, "+") || peek().is(Kind.OPERATOR, "-")) {
      Token t = next();
      left = new Node.Binary(t.text(), left, concatenation(), t.line());
    }
    return left;
  }

  private Node concatenation() {
    Node left = product();
    while (peek().is(Kind.OPERATOR, "~")) {
      Token t = next();
      left = new Node.Binary("~", left, product(), t.line());
    }
    return left;
  }

  private Node product() {
    Node left = unary();
    while (peek().kind() == Kind.OPERATOR && Set.of("*", "/", "//", "%").contains(peek().text())) {
      Token t = next();
      left = new Node.Binary(t.text(), left, unary(), t.line());
    }
    return left;
  }

  /** A sign binds stronger than filters do. */
  private Node unary() {
    Node left = filtered(signed());
    if (peek().is(Kind.OPERATOR, "**")) {
      throw bad("the operator '**' is not supported");
    }
    return left;
  }

  private Node signed() {
    Token t = peek();
    if (t.is(Kind.OPERATOR, "-") || t.is(Kind.OPERATOR, "+")) {
      at++;
      enter();
      Node value = new Node.Unary(t.text(), signed(), t.line());
      depth--;
      return value;
    }
    return primary();
  }

  private Node filtered(Node value) {
    Node v = value;
    while (true) {
      Token t = peek();
      if (take("|")) {
        String name = name().text();
        Arguments a = peek().is(Kind.OPERATOR, "(") ? arguments() : Arguments.none();
        v = new Node.Filter(v, name, a.values, a.names, a.named, t.line());
      } else if (takeName("is")) {
        boolean negated = takeName("not");
        String name = name().text();
        List<Node> arguments = List.of();
        if (peek().is(Kind.OPERATOR, "(")) {
          arguments = arguments().values;
        } else if (Set.of("equalto", "eq", "in", "divisibleby", "sameas", "ne").contains(name)) {
          arguments = List.of(primary());
        }
        v = new Node.Test(v, name, arguments, t.line());
        v = negated ? new Node.Unary("not", v, t.line()) : v;
      } else {
        return v;
      }
    }
  }

  private Node primary() {
    Token t = next();
    Node v =
        switch (t.kind()) {
          case STRING -> {
            StringBuilder s = new StringBuilder(t.text());
            while (peek().kind() == Kind.STRING) {
              s.append(next().text());
            }
            yield new Node.Literal(s.toString());
          }
          case INTEGER -> new Node.Literal(Long.valueOf(t.text()));
          case REAL -> new Node.Literal(Double.valueOf(t.text()));
          case NAME ->
              switch (t.text()) {
                case "true", "True" -> new Node.Literal(true);
                case "false", "False" -> new Node.Literal(false);
                case "none", "None" -> new Node.Literal(Values.NONE);
                default -> new Node.Name(t.text(), t.line());
              };
          case OPERATOR -> bracketed(t);
          default -> throw bad("an expression is missing");
        };
    return postfix(v);
  }

  private Node bracketed(Token t) {
    enter();
    Node v =
        switch (t.text()) {
          case "(" -> {
            if (take(")")) {
              yield new Node.ListOf(List.of());
            }
            Node first = expression();
            if (take(")")) {
              yield first;
            }
            List<Node> items = new ArrayList<>(List.of(first));
            while (!take(")")) {
              expect(",");
              if (!peek().is(Kind.OPERATOR, ")")) {
                items.add(expression());
              }
            }
            yield new Node.ListOf(items);
          }
          case "[" -> {
            List<Node> items = new ArrayList<>();
            while (!take("]")) {
              if (!items.isEmpty()) {
                expect(",");
                if (take("]")) {
                  break;
                }
              }
              items.add(expression());
            }
            yield new Node.ListOf(items);
          }
          case "{" -> {
            List<Node> keys = new ArrayList<>();
            List<Node> values = new ArrayList<>();
            while (!take("}")) {
              if (!keys.isEmpty()) {
                expect(",");
                if (take("}")) {
                  break;
                }
              }
              keys.add(expression());
              expect(":");
              values.add(expression());
            }
            yield new Node.MapOf(keys, values);
          }
          default -> throw bad("'" + t.text() + "' where an expression is needed");
        };
    depth--;
    return v;
  }

  private Node postfix(Node start) {
    Node v = start;
    while (true) {
      Token t = peek();
      if (take(".")) {
        v = new Node.Attribute(v, name().text(), t.line());
      } else if (take("[")) {
        v = subscript(v, t.line());
      } else if (t.is(Kind.OPERATOR, "(")) {
        Arguments a = arguments();
        v = new Node.Call(v, a.values, a.names, a.named, t.line());
      } else {
        return v;
      }
    }
  }

  private Node subscript(Node of, int line) {
    Node from = peek().is(Kind.OPERATOR, ":") ? null : expression();
    if (from != null && take("]")) {
      return new Node.Index(of, from, line);
    }
    expect(":");
    Node to = null;
    Node step = null;
    if (!peek().is(Kind.OPERATOR, ":") && !peek().is(Kind.OPERATOR, "]")) {
      to = expression();
    }
    if (take(":") && !peek().is(Kind.OPERATOR, "]")) {
      step = expression();
    }
    expect("]");
    return new Node.Slice(of, from, to, step, line);
  }

  private record Arguments(List<Node> values, List<String> names, List<Node> named) {
    static Arguments none() {
      return new Arguments(List.of(), List.of(), List.of());
    }
  }

  private Arguments arguments() {
    Arguments a = new Arguments(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    enter();
    expect("(");
    boolean first = true;
    while (!take(")")) {
      if (!first) {
        expect(",");
        if (take(")")) {
          break;
        }
      }
      first = false;
      if (peek().kind() == Kind.NAME && peek(1).is(Kind.OPERATOR, "=")) {
        a.names.add(name().text());
        at++;
        a.named.add(expression());
      } else {
        if (!a.names.isEmpty()) {
          throw bad("an argument without a name after one with a name");
        }
        a.values.add(expression());
      }
    }
    depth--;
    return a;
  }

  // --- tokens ---

  private void enter() {
    if (++depth > MAX_DEPTH) {
      throw bad("nested deeper than " + MAX_DEPTH);
    }
  }

  private Token peek() {
    return tokens.get(at);
  }

  private Token peek(int ahead) {
    return tokens.get(Math.min(at + ahead, tokens.size() - 1));
  }

  private Token next() {
    Token t = peek();
    if (t.kind() != Kind.END) {
      at++;
    }
    return t;
  }

  private Token name() {
    if (peek().kind() != Kind.NAME) {
      throw bad("a name is needed where '" + peek().text() + "' stands");
    }
    return next();
  }

  private boolean takeName(String name) {
    boolean is = peek().is(Kind.NAME, name);
    at += is ? 1 : 0;
    return is;
  }

  private void expectName(String name) {
    if (!takeName(name)) {
      throw bad("'" + name + "' is needed where '" + peek().text() + "' stands");
    }
  }

  private boolean take(String operator) {
    boolean is = peek().is(Kind.OPERATOR, operator);
    at += is ? 1 : 0;
    return is;
  }

  private void expect(String operator) {
    if (!take(operator)) {
      throw bad("'" + operator + "' is needed where '" + peek().text() + "' stands");
    }
  }

  private void close() {
    if (peek().kind() != Kind.CLOSE) {
      throw bad("'" + peek().text() + "' is not understood here");
    }
    at++;
  }

  private TemplateException bad(String what) {
    return new TemplateException(peek().line(), what);
  }
}

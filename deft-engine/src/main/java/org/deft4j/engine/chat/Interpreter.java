package org.deft4j.engine.chat;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Renders a syntax tree. Bounded in steps, output and depth, since a template comes with a model
 * from anywhere.
 */
final class Interpreter {
  private static final int MAX_STEPS = 5_000_000;
  private static final int MAX_OUTPUT = 32 << 20;
  private static final int MAX_CALLS = 100;

  private enum Flow {
    ON,
    BREAK,
    CONTINUE
  }

  /** Names of a block; those of loops and macros see the ones around them. */
  private static final class Scope {
    final Map<String, Object> names = new HashMap<>();
    final @Nullable Scope around;

    Scope(@Nullable Scope around) {
      this.around = around;
    }

    @Nullable Object get(String name) {
      for (Scope s = this; s != null; s = s.around) {
        Object v = s.names.get(name);
        if (v != null) {
          return v;
        }
      }
      return null;
    }
  }

  private final Methods methods = new Methods();
  private final Filters filters = new Filters(this::test);
  private StringBuilder out = new StringBuilder();
  private int steps;
  private int calls;

  static String render(List<Node> template, Map<String, Object> globals) {
    Interpreter i = new Interpreter();
    Scope scope = new Scope(null);
    scope.names.putAll(globals);
    i.body(template, scope);
    return i.out.toString();
  }

  // --- statements ---

  private Flow body(List<Node> nodes, Scope scope) {
    for (Node n : nodes) {
      Flow f = run(n, scope);
      if (f != Flow.ON) {
        return f;
      }
    }
    return Flow.ON;
  }

  private Object counted(Object v) {
    // Building long texts again and again counts as work.
    if (v instanceof String s) {
      steps += s.length() >> 6;
    } else if (v instanceof List<?> list) {
      steps += list.size() >> 4;
    }
    return v;
  }

  private void step(int line) {
    if (++steps > MAX_STEPS || out.length() > MAX_OUTPUT) {
      throw new TemplateException(line, "it runs too long");
    }
  }

  private Flow run(Node node, Scope scope) {
    step(0);
    switch (node) {
      case Node.Text t -> out.append(t.text());
      case Node.Print p -> out.append(Values.text(eval(p.value(), scope)));
      case Node.If i -> {
        for (Node.Branch b : i.branches()) {
          if (b.condition() == null || Values.truth(eval(b.condition(), scope))) {
            return body(b.body(), scope);
          }
        }
      }
      case Node.For f -> loop(f, scope);
      case Node.Set s -> set(s, scope);
      case Node.SetBlock s -> scope.names.put(s.name(), captured(s.body(), scope));
      case Node.Macro m -> scope.names.put(m.name(), macro(m, scope));
      case Node.Body b -> {
        return body(b.body(), scope);
      }
      case Node.Break _ -> {
        return Flow.BREAK;
      }
      case Node.Continue _ -> {
        return Flow.CONTINUE;
      }
      default -> throw new IllegalStateException("no statement: " + node);
    }
    return Flow.ON;
  }

  private String captured(List<Node> body, Scope scope) {
    StringBuilder outer = out;
    out = new StringBuilder();
    try {
      body(body, scope);
      return out.toString();
    } finally {
      out = outer;
    }
  }

  private void set(Node.Set s, Scope scope) {
    Object value = eval(s.value(), scope);
    if (s.attribute() != null) {
      if (!(scope.get(s.names().getFirst()) instanceof Values.Namespace ns)) {
        throw new TemplateException(s.line(), "'" + s.names().getFirst() + "' is no namespace");
      }
      ns.attributes().put(s.attribute(), value);
      return;
    }
    assign(s.names(), value, scope, s.line());
  }

  private static void assign(List<String> names, Object value, Scope scope, int line) {
    if (names.size() == 1) {
      scope.names.put(names.getFirst(), value);
      return;
    }
    if (!(value instanceof List<?> list) || list.size() != names.size()) {
      throw new TemplateException(
          line, Values.kind(value) + " is no list of " + names.size() + " values");
    }
    for (int i = 0; i < names.size(); i++) {
      scope.names.put(names.get(i), list.get(i));
    }
  }

  private void loop(Node.For f, Scope scope) {
    List<Object> items = new ArrayList<>();
    for (Object item : Methods.items(eval(f.items(), scope), f.line())) {
      if (f.filter() != null) {
        Scope inner = new Scope(scope);
        assign(f.names(), item, inner, f.line());
        if (!Values.truth(eval(f.filter(), inner))) {
          continue;
        }
      }
      items.add(item);
    }
    if (items.isEmpty()) {
      body(f.otherwise(), scope);
      return;
    }
    for (int i = 0; i < items.size(); i++) {
      step(f.line());
      Scope inner = new Scope(scope);
      inner.names.put("loop", loopVariable(items, i));
      assign(f.names(), items.get(i), inner, f.line());
      if (body(f.body(), inner) == Flow.BREAK) {
        return;
      }
    }
  }

  private static Map<Object, Object> loopVariable(List<Object> items, int i) {
    int n = items.size();
    Map<Object, Object> loop = new HashMap<>();
    loop.put("index", (long) i + 1);
    loop.put("index0", (long) i);
    loop.put("revindex", (long) n - i);
    loop.put("revindex0", (long) n - i - 1);
    loop.put("first", i == 0);
    loop.put("last", i == n - 1);
    loop.put("length", (long) n);
    if (i > 0) {
      loop.put("previtem", items.get(i - 1));
    }
    if (i + 1 < n) {
      loop.put("nextitem", items.get(i + 1));
    }
    return loop;
  }

  private Values.Function macro(Node.Macro m, Scope scope) {
    return (arguments, named, line) -> {
      if (++calls > MAX_CALLS) {
        throw new TemplateException(line, "macros call each other too deep");
      }
      if (arguments.size() > m.names().size()) {
        throw new TemplateException(line, "too many arguments of '" + m.name() + "'");
      }
      for (String name : named.keySet()) {
        if (!m.names().contains(name)) {
          throw new TemplateException(line, "'" + m.name() + "' has no argument '" + name + "'");
        }
      }
      Scope inner = new Scope(scope);
      for (int i = 0; i < m.names().size(); i++) {
        String name = m.names().get(i);
        Object given = i < arguments.size() ? arguments.get(i) : named.get(name);
        Node other = m.defaults().get(i);
        inner.names.put(
            name,
            given != null
                ? given
                : other != null ? eval(other, inner) : new Values.Undefined(name));
      }
      String text = captured(m.body(), inner);
      calls--;
      return text;
    };
  }

  // --- expressions ---

  private Object eval(Node node, Scope scope) {
    step(0);
    return switch (node) {
      case Node.Literal l -> l.value();
      case Node.Name n -> {
        Object v = scope.get(n.name());
        yield v == null ? new Values.Undefined(n.name()) : v;
      }
      case Node.ListOf l -> all(l.items(), scope);
      case Node.MapOf m -> {
        Map<Object, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < m.keys().size(); i++) {
          map.put(eval(m.keys().get(i), scope), eval(m.values().get(i), scope));
        }
        yield map;
      }
      case Node.Choice c ->
          Values.truth(eval(c.condition(), scope))
              ? eval(c.then(), scope)
              : c.otherwise() == null ? new Values.Undefined("else") : eval(c.otherwise(), scope);
      case Node.Unary u -> unary(u, eval(u.value(), scope));
      case Node.Binary b -> counted(binary(b, scope));
      case Node.Attribute a -> methods.attribute(eval(a.of(), scope), a.name(), a.line());
      case Node.Index i -> methods.index(eval(i.of(), scope), eval(i.index(), scope), i.line());
      case Node.Slice s ->
          methods.slice(
              eval(s.of(), scope),
              optional(s.from(), scope),
              optional(s.to(), scope),
              optional(s.step(), scope),
              s.line());
      case Node.Call c -> {
        Object callee = eval(c.callee(), scope);
        if (!(callee instanceof Values.Function f)) {
          throw new TemplateException(
              c.line(), Values.kind(callee) + " cannot be called (not supported?)");
        }
        yield counted(
            f.call(all(c.arguments(), scope), named(c.names(), c.named(), scope), c.line()));
      }
      case Node.Filter f ->
          counted(
              filters.apply(
                  f.name(),
                  eval(f.value(), scope),
                  all(f.arguments(), scope),
                  named(f.names(), f.named(), scope),
                  f.line()));
      case Node.Test t ->
          test(t.name(), eval(t.value(), scope), all(t.arguments(), scope), t.line());
      default -> throw new IllegalStateException("no expression: " + node);
    };
  }

  private List<Object> all(List<Node> nodes, Scope scope) {
    List<Object> values = new ArrayList<>(nodes.size());
    for (Node n : nodes) {
      values.add(eval(n, scope));
    }
    return values;
  }

  private Map<String, Object> named(List<String> names, List<Node> nodes, Scope scope) {
    Map<String, Object> map = new LinkedHashMap<>();
    for (int i = 0; i < names.size(); i++) {
      map.put(names.get(i), eval(nodes.get(i), scope));
    }
    return map;
  }

  private @Nullable Object optional(@Nullable Node node, Scope scope) {
    Object v = node == null ? null : eval(node, scope);
    return v == Values.NONE ? null : v;
  }

  private static Object unary(Node.Unary u, Object v) {
    if (u.operator().equals("not")) {
      return !Values.truth(v);
    }
    boolean minus = u.operator().equals("-");
    return switch (v) {
      case Long n -> minus ? -n : n;
      case Double d -> minus ? -d : d;
      default -> throw new TemplateException(u.line(), Values.kind(v) + " has no sign");
    };
  }

  private Object binary(Node.Binary b, Scope scope) {
    Object left = eval(b.left(), scope);
    switch (b.operator()) {
      case "and" -> {
        return Values.truth(left) ? eval(b.right(), scope) : left;
      }
      case "or" -> {
        return Values.truth(left) ? left : eval(b.right(), scope);
      }
      default -> {}
    }
    Object right = eval(b.right(), scope);
    return switch (b.operator()) {
      case "==" -> Values.equal(left, right);
      case "!=" -> !Values.equal(left, right);
      case "<" -> Values.compare(left, right, b.line()) < 0;
      case ">" -> Values.compare(left, right, b.line()) > 0;
      case "<=" -> Values.compare(left, right, b.line()) <= 0;
      case ">=" -> Values.compare(left, right, b.line()) >= 0;
      case "in" -> Methods.contains(right, left, b.line());
      case "not in" -> !Methods.contains(right, left, b.line());
      case "~" -> Values.concat(Values.text(left), Values.text(right), b.line());
      default -> arithmetic(b.operator(), left, right, b.line());
    };
  }

  private static Object arithmetic(String op, Object left, Object right, int line) {
    if (op.equals("+") && left instanceof String a && right instanceof String b) {
      return Values.concat(a, b, line);
    }
    if (op.equals("+") && left instanceof List<?> a && right instanceof List<?> b) {
      Values.requireLength((long) a.size() + b.size(), line);
      List<Object> all = new ArrayList<>(a);
      all.addAll(b);
      return all;
    }
    if (op.equals("*") && left instanceof String s && right instanceof Long n) {
      Values.requireLength(n > MAX_OUTPUT ? n : n * s.length(), line);
      return s.repeat((int) Math.max(0, n));
    }
    Object x = left instanceof Boolean t ? (Object) (t ? 1L : 0L) : left;
    Object y = right instanceof Boolean t ? (Object) (t ? 1L : 0L) : right;
    if (!(x instanceof Number n && y instanceof Number m)) {
      throw new TemplateException(
          line, "'" + op + "' of " + Values.kind(left) + " and " + Values.kind(right));
    }
    if ((op.equals("/") || op.equals("//") || op.equals("%")) && m.doubleValue() == 0) {
      throw new TemplateException(line, "a division by zero");
    }
    if (x instanceof Long a && y instanceof Long b) {
      return switch (op) {
        case "+" -> a + b;
        case "-" -> a - b;
        case "*" -> a * b;
        case "//" -> Math.floorDiv(a, b);
        case "%" -> Math.floorMod(a, b);
        default -> (double) a / b;
      };
    }
    double a = n.doubleValue();
    double b = m.doubleValue();
    return switch (op) {
      case "+" -> a + b;
      case "-" -> a - b;
      case "*" -> a * b;
      case "//" -> Math.floor(a / b);
      case "%" -> a - b * Math.floor(a / b);
      default -> a / b;
    };
  }

  private boolean test(String name, Object v, List<Object> arguments, int line) {
    return switch (name) {
      case "defined" -> !(v instanceof Values.Undefined);
      case "undefined" -> v instanceof Values.Undefined;
      case "none" -> v == Values.NONE;
      case "string" -> v instanceof String;
      case "boolean" -> v instanceof Boolean;
      case "true" -> Boolean.TRUE.equals(v);
      case "false" -> Boolean.FALSE.equals(v);
      case "integer" -> v instanceof Long;
      case "float" -> v instanceof Double;
      case "number" -> v instanceof Number || v instanceof Boolean;
      case "mapping" -> v instanceof Map<?, ?>;
      case "sequence", "iterable" ->
          v instanceof List<?> || v instanceof Map<?, ?> || v instanceof String;
      case "callable" -> v instanceof Values.Function;
      case "even" -> v instanceof Long n && n % 2 == 0;
      case "odd" -> v instanceof Long n && n % 2 != 0;
      case "equalto", "eq" -> Values.equal(v, only(name, arguments, line));
      case "ne" -> !Values.equal(v, only(name, arguments, line));
      case "in" -> Methods.contains(only(name, arguments, line), v, line);
      case "divisibleby" ->
          v instanceof Long n && only(name, arguments, line) instanceof Long m && n % m == 0;
      default -> throw new TemplateException(line, "the test '" + name + "' is not supported");
    };
  }

  private static Object only(String name, List<Object> arguments, int line) {
    if (arguments.size() != 1) {
      throw new TemplateException(line, "the test '" + name + "' needs one argument");
    }
    return arguments.getFirst();
  }
}

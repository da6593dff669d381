package org.deft4j.search.strategy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * A graph of operations on thoughts (Besta et al., 2024), made by hand or read from a text.
 *
 * <p>The text lists operations, separated by {@code ;} or {@code ,}: {@code generate:5; keep:1;
 * improve:5; keep:1}. Each takes what the one before gave, the first one the problem. An operation
 * may have a name and say whose thoughts it takes, joined by {@code +}: {@code a=generate:3;
 * b=generate:3(); c=keep:1(a); d=keep:1(b); aggregate:5(c+d); keep:1}. Empty parentheses stand for
 * the problem.
 *
 * @param operations in an order in which each comes after those whose thoughts it takes
 */
public record GraphPlan(List<Operation> operations) {
  /** What an operation does. */
  public enum Kind {
    /** Makes a number of continuations of each thought. */
    GENERATE,
    /** Makes a number of continuations of each thought, and passes the thoughts on beside them. */
    IMPROVE,
    /** Joins all thoughts into one, a number of times. */
    AGGREGATE,
    /** Passes on a number of thoughts, those with the best scores. */
    KEEP
  }

  /**
   * An operation.
   *
   * @param name names it within its graph
   * @param kind what it does
   * @param count how many
   * @param inputs names of the operations whose thoughts it takes; empty for the problem
   */
  public record Operation(String name, Kind kind, int count, List<String> inputs) {
    /** Copies the list and checks. */
    public Operation {
      Start.atLeastOne("count of " + name, count);
      inputs = List.copyOf(inputs);
    }
  }

  /** Copies the list and checks that it is a graph without cycles. */
  public GraphPlan {
    operations = List.copyOf(operations);
    Set<String> known = new HashSet<>();
    for (Operation o : operations) {
      for (String input : o.inputs()) {
        if (!known.contains(input)) {
          throw new IllegalArgumentException(
              "plan: "
                  + o.name()
                  + " takes the thoughts of '"
                  + input
                  + "', which is not before it");
        }
      }
      if (!known.add(o.name())) {
        throw new IllegalArgumentException("plan: two operations are called '" + o.name() + "'");
      }
      if (o.kind() != Kind.GENERATE && o.inputs().isEmpty()) {
        throw new IllegalArgumentException(
            "plan: " + o.name() + " needs thoughts: begin with generate");
      }
    }
    if (operations.isEmpty()) {
      throw new IllegalArgumentException("plan: there is no operation");
    }
  }

  /** A graph without operations. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Reads a text.
   *
   * @throws IllegalArgumentException in one line that says what is wrong with it
   */
  public static GraphPlan parse(String text) {
    Builder plan = builder();
    String last = "";
    int number = 0;
    for (String part : text.split("[;,]", -1)) {
      String rest = part.strip();
      number++;
      int equals = rest.indexOf('=');
      String name = equals < 0 ? "operation " + number : rest.substring(0, equals).strip();
      rest = rest.substring(equals + 1).strip();
      List<String> inputs = last.isEmpty() ? List.of() : List.of(last);
      int bracket = rest.indexOf('(');
      if (bracket >= 0) {
        if (!rest.endsWith(")")) {
          throw new IllegalArgumentException("plan: no ')' at the end of '" + part.strip() + "'");
        }
        String inside = rest.substring(bracket + 1, rest.length() - 1).strip();
        inputs =
            inside.isEmpty()
                ? List.of()
                : List.of(inside.split("\\+", -1)).stream().map(String::strip).toList();
        rest = rest.substring(0, bracket).strip();
      }
      int colon = rest.indexOf(':');
      String kind = colon < 0 ? rest : rest.substring(0, colon).strip();
      plan.add(name, kind(kind), count(rest, colon), inputs);
      last = name;
    }
    return plan.build();
  }

  private static Kind kind(String name) {
    for (Kind k : Kind.values()) {
      if (k.name().toLowerCase(Locale.ROOT).equals(name.toLowerCase(Locale.ROOT))) {
        return k;
      }
    }
    throw new IllegalArgumentException(
        "plan: no operation '" + name + "'; there are generate, improve, aggregate, keep");
  }

  private static int count(String text, int colon) {
    if (colon < 0) {
      return 1;
    }
    String number = text.substring(colon + 1).strip();
    try {
      return Integer.parseInt(number);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "plan: '" + number + "' is no number in '" + text + "'", e);
    }
  }

  /** Collects operations. */
  public static final class Builder {
    private final List<Operation> all = new ArrayList<>();

    private Builder() {}

    /**
     * Adds an operation.
     *
     * @param inputs names of earlier operations; none for the problem
     */
    public Builder add(String name, Kind kind, int count, List<String> inputs) {
      all.add(new Operation(name, kind, count, inputs));
      return this;
    }

    /**
     * The graph.
     *
     * @throws IllegalArgumentException if a name is missing or given twice
     */
    public GraphPlan build() {
      return new GraphPlan(all);
    }
  }
}

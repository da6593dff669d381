package org.deft4j.tasks.game24;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * An arithmetic expression over whole numbers, worked out exactly: {@code + - * /} and parentheses,
 * with the usual precedence; {@code ×}, {@code ÷} and {@code −} are understood too.
 */
final class Expression {
  /** A deeper one is nobody's answer, and would cost stack. */
  private static final int MAX_LENGTH = 200;

  private final String text;
  private final List<Long> numbers = new ArrayList<>();
  private int at;

  private Expression(String text) {
    this.text = text;
  }

  /**
   * An expression's value and the numbers in it.
   *
   * @param value the value
   * @param numbers the numbers in their order
   */
  record Result(Fraction value, List<Long> numbers) {
    /** Copies the list. */
    Result {
      numbers = List.copyOf(numbers);
    }
  }

  /** Works an expression out; empty if it is none, or divides by zero. */
  static Optional<Result> evaluate(String text) {
    String plain =
        text.replace('×', '*').replace('÷', '/').replace('−', '-').replaceAll("\\s+", " ").strip();
    if (plain.isEmpty() || plain.length() > MAX_LENGTH) {
      return Optional.empty();
    }
    Expression e = new Expression(plain);
    return e.sum().filter(_ -> e.peek() == 0).map(value -> new Result(value, e.numbers));
  }

  private char peek() {
    while (at < text.length() && text.charAt(at) == ' ') {
      at++;
    }
    return at < text.length() ? text.charAt(at) : 0;
  }

  private Optional<Fraction> sum() {
    Optional<Fraction> value = product();
    while (value.isPresent() && (peek() == '+' || peek() == '-')) {
      value = apply(value.get(), text.charAt(at++), product());
    }
    return value;
  }

  private Optional<Fraction> product() {
    Optional<Fraction> value = atom();
    while (value.isPresent() && (peek() == '*' || peek() == '/')) {
      value = apply(value.get(), text.charAt(at++), atom());
    }
    return value;
  }

  private static Optional<Fraction> apply(Fraction a, char operator, Optional<Fraction> b) {
    return b.flatMap(right -> Fraction.apply(a, operator, right));
  }

  private Optional<Fraction> atom() {
    char c = peek();
    if (c == '(') {
      at++;
      Optional<Fraction> inner = sum();
      if (peek() != ')') {
        return Optional.empty();
      }
      at++;
      return inner;
    }
    int from = at;
    while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
      at++;
    }
    if (at == from || at - from > 9) {
      return Optional.empty();
    }
    long number = Long.parseLong(text.substring(from, at));
    numbers.add(number);
    return Optional.of(Fraction.of(number));
  }
}

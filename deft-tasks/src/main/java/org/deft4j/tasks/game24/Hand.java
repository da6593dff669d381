package org.deft4j.tasks.game24;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The numbers that are left, each with the expression that made it.
 *
 * @param cards in the order in which they came
 */
record Hand(List<Card> cards) {
  private static final Fraction TARGET = Fraction.of(Game24Task.TARGET);

  /** A whole number, a fraction or a decimal, perhaps in parentheses, as models write -1. */
  private static final String NUMBER = "\\(?(-?\\d{1,9}(?:/\\d{1,9}|\\.\\d{1,6})?)\\)?";

  /** Models write 1.67 for 5/3. */
  private static final double ROUNDING = 0.01;

  /** {@code 4 + 8 = 12}, perhaps numbered, perhaps with what is left behind it. */
  private static final Pattern STEP =
      Pattern.compile(
          "\\s*(?:\\d+[.)]\\s+|[-*]\\s+)?"
              + NUMBER
              + "\\s*([-+*/×÷−])\\s*"
              + NUMBER
              + "\\s*[=≈]\\s*"
              + NUMBER
              + "(?![\\d/.]).*",
          Pattern.DOTALL);

  Hand {
    cards = List.copyOf(cards);
  }

  /** A number and how it was made. */
  record Card(Fraction value, String expression) {}

  static Hand of(List<Integer> numbers) {
    return new Hand(numbers.stream().map(n -> new Card(Fraction.of(n), "" + n)).toList());
  }

  /**
   * What is left after a step.
   *
   * @return empty if the line is no step, uses numbers that are not there, or is wrong
   */
  Optional<Hand> after(String line) {
    Matcher m = STEP.matcher(line);
    if (!m.matches()) {
      return Optional.empty();
    }
    char operator =
        switch (m.group(2).charAt(0)) {
          case '×' -> '*';
          case '÷' -> '/';
          case '−' -> '-';
          default -> m.group(2).charAt(0);
        };
    int first = find(m.group(1), -1);
    int second = first < 0 ? -1 : find(m.group(3), first);
    return second < 0
        ? Optional.empty()
        : joined(first, operator, second).filter(h -> means(m.group(4), h.cards.getLast().value));
  }

  /** Whether a number as it is written means this value: exactly, or as a decimal rounded. */
  private static boolean means(String written, Fraction value) {
    return written.indexOf('.') >= 0
        ? Math.abs(Double.parseDouble(written) - value.top() / (double) value.bottom()) < ROUNDING
        : fraction(written).filter(value::equals).isPresent();
  }

  private static Optional<Fraction> fraction(String text) {
    int slash = text.indexOf('/');
    return slash < 0
        ? Optional.of(Fraction.of(Long.parseLong(text)))
        : Fraction.apply(
            Fraction.of(Long.parseLong(text.substring(0, slash))),
            '/',
            Fraction.of(Long.parseLong(text.substring(slash + 1))));
  }

  private int find(String written, int not) {
    for (int i = 0; i < cards.size(); i++) {
      if (i != not && means(written, cards.get(i).value)) {
        return i;
      }
    }
    return -1;
  }

  private Optional<Hand> joined(int first, char operator, int second) {
    Card a = cards.get(first);
    Card b = cards.get(second);
    return Fraction.apply(a.value, operator, b.value)
        .map(value -> {
          List<Card> left = new ArrayList<>(cards);
          left.remove(a);
          left.remove(b);
          left.add(new Card(value, "(" + a.expression + " " + operator + " " + b.expression + ")"));
          return new Hand(left);
        });
  }

  /** The expression of the only number left, without its outer parentheses. */
  String expression() {
    String all = cards.getLast().expression;
    return all.startsWith("(") ? all.substring(1, all.length() - 1) : all;
  }

  /** The numbers, ascending, as {@code 4 6 10}: equal hands are equal texts. */
  String left() {
    return cards.stream()
        .map(Card::value)
        .sorted()
        .map(String::valueOf)
        .collect(Collectors.joining(" "));
  }

  /** An expression for 24, by trying everything; empty if there is none. */
  Optional<String> solve() {
    if (cards.size() == 1) {
      return cards.getFirst().value.equals(TARGET) ? Optional.of(expression()) : Optional.empty();
    }
    for (int i = 0; i < cards.size(); i++) {
      for (int j = 0; j < cards.size(); j++) {
        for (char operator : new char[] {'+', '*', '-', '/'}) {
          boolean mirrored = i > j && (operator == '+' || operator == '*');
          Optional<String> found =
              i == j || mirrored ? Optional.empty() : joined(i, operator, j).flatMap(Hand::solve);
          if (found.isPresent()) {
            return found;
          }
        }
      }
    }
    return Optional.empty();
  }
}

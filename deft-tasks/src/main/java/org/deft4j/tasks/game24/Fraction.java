package org.deft4j.tasks.game24;

import java.util.Optional;

/**
 * An exact rational number in lowest terms.
 *
 * @param top the numerator, which carries the sign
 * @param bottom the denominator, at least 1
 */
record Fraction(long top, long bottom) implements Comparable<Fraction> {
  Fraction {
    if (bottom < 1) {
      throw new IllegalArgumentException("denominator " + bottom);
    }
  }

  static Fraction of(long value) {
    return new Fraction(value, 1);
  }

  private static Fraction reduced(long top, long bottom) {
    long divisor = gcd(Math.absExact(top), Math.absExact(bottom));
    long sign = bottom < 0 ? -1 : 1;
    return new Fraction(sign * top / divisor, sign * bottom / divisor);
  }

  private static long gcd(long a, long b) {
    return b == 0 ? Math.max(a, 1) : gcd(b, a % b);
  }

  /**
   * The result of an operation.
   *
   * @param operator one of {@code + - * /}
   * @return empty for a division by zero, and beyond what 64 bits hold
   */
  static Optional<Fraction> apply(Fraction a, char operator, Fraction b) {
    try {
      return switch (operator) {
        case '+' -> Optional.of(sum(a, b, 1));
        case '-' -> Optional.of(sum(a, b, -1));
        case '*' ->
            Optional.of(
                reduced(Math.multiplyExact(a.top, b.top), Math.multiplyExact(a.bottom, b.bottom)));
        case '/' ->
            b.top == 0
                ? Optional.empty()
                : Optional.of(
                    reduced(
                        Math.multiplyExact(a.top, b.bottom), Math.multiplyExact(a.bottom, b.top)));
        default -> Optional.empty();
      };
    } catch (ArithmeticException e) {
      return Optional.empty();
    }
  }

  private static Fraction sum(Fraction a, Fraction b, int sign) {
    long left = Math.multiplyExact(a.top, b.bottom);
    long right = Math.multiplyExact(sign * b.top, a.bottom);
    return reduced(Math.addExact(left, right), Math.multiplyExact(a.bottom, b.bottom));
  }

  @Override
  public int compareTo(Fraction other) {
    return Math.multiplyHigh(top, other.bottom) == Math.multiplyHigh(other.top, bottom)
        ? Long.compareUnsigned(top * other.bottom, other.top * bottom)
        : Long.compare(Math.multiplyHigh(top, other.bottom), Math.multiplyHigh(other.top, bottom));
  }

  /** As {@code 7} or {@code 8/3}. */
  @Override
  public String toString() {
    return bottom == 1 ? Long.toString(top) : top + "/" + bottom;
  }
}

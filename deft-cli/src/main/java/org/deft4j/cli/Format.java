package org.deft4j.cli;

import java.util.Locale;

/** Numbers for people, the same in every locale. */
final class Format {
  private Format() {}

  /** Bytes with a decimal unit, for instance {@code 3.4 MB}. */
  static String bytes(long bytes) {
    return scale(bytes, " ", "kMGTPE") + "B";
  }

  /** A large count in short, for instance {@code 14.2M}. */
  static String scaled(long n) {
    return scale(n, "", "kMGTPE");
  }

  private static String scale(long n, String space, String units) {
    double x = n;
    int unit = 0;
    while (Math.abs(x) >= 999.5 && unit < units.length()) {
      x /= 1000;
      unit++;
    }
    if (unit == 0) {
      return n + space;
    }
    return String.format(
        Locale.ROOT, x < 99.95 ? "%.1f%s%c" : "%.0f%s%c", x, space, units.charAt(unit - 1));
  }

  /** A count with separators of thousands. */
  static String count(long n) {
    return String.format(Locale.ROOT, "%,d", n);
  }

  /** Seconds, with as many digits as tell something. */
  static String seconds(double s) {
    return String.format(Locale.ROOT, s < 10 ? "%.2f s" : "%.1f s", s);
  }

  /** A score or error with few digits and no trailing zeros. */
  static String number(double x) {
    return x == Math.rint(x) && Math.abs(x) < 1e9
        ? Long.toString((long) x)
        : String.format(Locale.ROOT, "%.3f", x);
  }

  /** A share, for instance {@code 90.4 %}. */
  static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }

  /** A count and what is counted, for instance {@code 1 node} or {@code 12 nodes}. */
  static String plural(long n, String one) {
    return plural(n, one, one + "s");
  }

  /** The same with an irregular plural. */
  static String plural(long n, String one, String many) {
    return count(n) + " " + (n == 1 ? one : many);
  }
}

package org.deft4j.tree.constrain;

/** A pattern's text and a place in it. */
final class Reading {
  final String what;
  final String text;
  int at;

  Reading(String what, String text) {
    this.what = what;
    this.text = text;
  }

  boolean done() {
    return at >= text.length();
  }

  /** The next code point; -1 at the end. */
  int peek() {
    return done() ? -1 : text.codePointAt(at);
  }

  int next() {
    if (done()) {
      throw bad("it ends too early");
    }
    int c = text.codePointAt(at);
    at += Character.charCount(c);
    return c;
  }

  boolean take(String s) {
    if (text.startsWith(s, at)) {
      at += s.length();
      return true;
    }
    return false;
  }

  void expect(String s) {
    if (!take(s)) {
      throw bad("'" + s + "' must stand here");
    }
  }

  /** A number in hexadecimal of exactly so many digits. */
  int hex(int digits) {
    int end = at + digits;
    if (end > text.length()) {
      throw bad("an escape needs " + digits + " hexadecimal digits");
    }
    try {
      int value = Integer.parseInt(text.substring(at, end), 16);
      if (value > Character.MAX_CODE_POINT || text.charAt(at) == '+' || text.charAt(at) == '-') {
        throw bad("no code point");
      }
      at = end;
      return value;
    } catch (NumberFormatException e) {
      throw bad("an escape needs " + digits + " hexadecimal digits");
    }
  }

  /** A decimal number. */
  int number() {
    int begin = at;
    while (!done() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
      at++;
    }
    if (at == begin || at - begin > 6) {
      throw bad("a number of at most six digits must stand here");
    }
    return Integer.parseInt(text, begin, at, 10);
  }

  IllegalArgumentException bad(String why) {
    return new IllegalArgumentException(
        "%s, at character %d: %s".formatted(what, Math.min(at, text.length()) + 1, why));
  }

  /** {@code {n}}, {@code {n,}}, {@code {n,m}} or {@code {,m}} after a part; behind the brace. */
  Expr counted(Expr part) {
    int min = peek() == ',' ? 0 : number();
    int max = min;
    if (take(",")) {
      max = peek() == '}' ? -1 : number();
    }
    expect("}");
    if (max >= 0 && max < min) {
      throw bad("a repetition of at least " + min + " and at most " + max);
    }
    return new Expr.Repeat(part, min, max);
  }
}

package org.deft4j.tree.constrain;

import java.util.List;

/** What a pattern is made of. */
sealed interface Expr {
  /** Nothing at all. */
  Expr EMPTY = new Seq(List.of());

  /**
   * One code point.
   *
   * @param set which
   */
  record Chars(CodePoints set) implements Expr {}

  /**
   * One after the other.
   *
   * @param parts possibly none
   */
  record Seq(List<Expr> parts) implements Expr {}

  /**
   * Any one of several.
   *
   * @param ways at least one
   */
  record Alt(List<Expr> ways) implements Expr {}

  /**
   * The same several times.
   *
   * @param part what
   * @param min how often at least
   * @param max how often at most; negative for no limit
   */
  record Repeat(Expr part, int min, int max) implements Expr {}

  /**
   * A rule.
   *
   * @param name its name
   */
  record Ref(String name) implements Expr {}

  /** A text, code point by code point. */
  static Expr text(String text) {
    return new Seq(text.codePoints().<Expr>mapToObj(c -> new Chars(CodePoints.of(c, c))).toList());
  }
}

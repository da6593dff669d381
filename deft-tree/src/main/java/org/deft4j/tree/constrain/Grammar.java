package org.deft4j.tree.constrain;

import java.util.Map;
import java.util.Objects;

/**
 * What a text may look like: a regular expression or a context-free grammar. Immutable and safe for
 * many threads; two of one source are equal.
 */
public final class Grammar {
  private final Kind kind;
  private final String source;
  private final Network network;

  /** Notations. */
  public enum Kind {
    /** A regular expression that the whole text matches. */
    REGEX,
    /** Rules in GBNF. */
    GBNF
  }

  private Grammar(Kind kind, String source, Map<String, Expr> rules) {
    this.kind = kind;
    this.source = source;
    this.network = Network.of(rules, "root");
  }

  /**
   * A regular expression in the syntax and meaning of {@link java.util.regex.Pattern}, which the
   * whole text must match. Not supported, as not regular or rarely used: back references, look
   * around, anchors inside, flags, {@code \p}, intersections of classes.
   *
   * @throws IllegalArgumentException saying what is wrong and where
   */
  public static Grammar regex(String regex) {
    return new Grammar(Kind.REGEX, regex, Map.of("root", RegexParser.parse(regex)));
  }

  /**
   * Rules in GBNF, the notation of llama.cpp; a text matches the rule {@code root}.
   *
   * @throws IllegalArgumentException saying what is wrong and where; for a left-recursive rule too
   */
  public static Grammar gbnf(String rules) {
    return new Grammar(Kind.GBNF, rules, GbnfParser.parse(rules));
  }

  /** A grammar of this notation. */
  public static Grammar of(Kind kind, String source) {
    return kind == Kind.REGEX ? regex(source) : gbnf(source);
  }

  /** Its notation. */
  public Kind kind() {
    return kind;
  }

  /** The text that it was made of. */
  public String source() {
    return source;
  }

  Network network() {
    return network;
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Grammar g && g.kind == kind && g.source.equals(source);
  }

  @Override
  public int hashCode() {
    return Objects.hash(kind, source);
  }

  @Override
  public String toString() {
    return kind + " " + source;
  }
}

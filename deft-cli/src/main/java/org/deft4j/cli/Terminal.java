package org.deft4j.cli;

import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * What surrounds a command: its streams and environment. Tests give their own.
 *
 * @param in standard input
 * @param out documents and answers
 * @param err everything else
 * @param outIsTerminal whether a person reads {@code out}
 * @param errIsTerminal whether a person reads {@code err}, so that a live view may be drawn there
 * @param env environment variables
 */
public record Terminal(
    InputStream in,
    PrintWriter out,
    PrintWriter err,
    boolean outIsTerminal,
    boolean errIsTerminal,
    Map<String, String> env) {
  /** The launcher's finding: a list of {@code out} and {@code err}. */
  static final String PROPERTY = "deft.terminal";

  /** This process's streams: UTF-8 for programs, the terminal's own charset for people. */
  static Terminal ofProcess() {
    String property = System.getProperty(PROPERTY);
    boolean out;
    boolean err;
    if (property != null) {
      out = property.contains("out");
      err = property.contains("err");
    } else {
      // Java only tells whether standard input and output both are terminals.
      out = System.console() != null && System.console().isTerminal();
      err = out;
    }
    return new Terminal(
        System.in,
        new PrintWriter(
            System.out, false, out ? charset("stdout.encoding") : StandardCharsets.UTF_8),
        new PrintWriter(System.err, true, charset("stderr.encoding")),
        out,
        err,
        System.getenv());
  }

  private static Charset charset(String property) {
    String name = System.getProperty(property, "");
    return !name.isEmpty() && Charset.isSupported(name)
        ? Charset.forName(name)
        : StandardCharsets.UTF_8;
  }

  /** Whether colours may be used on {@code out}: see no-color.org. */
  boolean colour() {
    return outIsTerminal
        && env.getOrDefault("NO_COLOR", "").isEmpty()
        && !env.getOrDefault("TERM", "").equals("dumb");
  }

  /** Whether a line of {@code err} may be redrawn in place. */
  boolean canRedraw() {
    return errIsTerminal && !env.getOrDefault("TERM", "").equals("dumb");
  }

  /** Width of the terminal: what the shell exports, else the usual 80. */
  int columns() {
    return size("COLUMNS", 80, 20);
  }

  /** Height of the terminal: what the shell exports, else the usual 24. */
  int rows() {
    return size("LINES", 24, 1);
  }

  private int size(String variable, int usual, int least) {
    try {
      return Math.max(least, Integer.parseInt(env.getOrDefault(variable, "" + usual)));
    } catch (NumberFormatException e) {
      return usual;
    }
  }
}

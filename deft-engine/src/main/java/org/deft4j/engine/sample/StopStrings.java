package org.deft4j.engine.sample;

import java.util.List;
import org.deft4j.tree.decode.TokenCodec;

/**
 * Watches a branch's text for stop strings, across the borders of tokens and of code points.
 *
 * <p>Keeps only as much text as a stop string may still begin in.
 */
public final class StopStrings {
  private final List<String> stops;
  private final TokenCodec.TextStream stream;
  private final StringBuilder tail = new StringBuilder();
  private final int keep;

  /** A watch over text that begins now. */
  public StopStrings(List<String> stops, TokenCodec codec) {
    this.stops = stops;
    this.stream = codec.stream();
    int longest = 0;
    for (String s : stops) {
      longest = Math.max(longest, s.length());
    }
    keep = Math.max(0, longest - 1);
  }

  /** Whether the text contains a stop string with this token. */
  public boolean accept(int token) {
    tail.append(stream.accept(token));
    for (String s : stops) {
      if (tail.indexOf(s) >= 0) {
        return true;
      }
    }
    if (tail.length() > keep) {
      tail.delete(0, tail.length() - keep);
    }
    return false;
  }
}

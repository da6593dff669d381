package org.deft4j.search.driver;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.deft4j.search.Thought;

/** Hashes trees of thoughts. */
final class TreeHash {
  private TreeHash() {}

  /** 128 bits of SHA-256 in hex over all that a strategy can know of these thoughts. */
  static String of(List<Thought> thoughts) {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    for (Thought t : thoughts) {
      StringBuilder line = new StringBuilder();
      line.append(t.ordinal()).append(' ').append(t.parent()).append(' ').append(t.tokens());
      field(line, t.stage());
      field(line, t.text());
      field(line, t.state().getClass().getSimpleName());
      field(line, t.state().text());
      field(line, t.score().map(Object::toString).orElse(""));
      digest.update(line.append('\n').toString().getBytes(StandardCharsets.UTF_8));
    }
    return HexFormat.of().formatHex(digest.digest(), 0, 16);
  }

  /** A text with its length before it, so that no two lists of texts look the same. */
  private static void field(StringBuilder line, String text) {
    line.append(' ').append(text.length()).append(':').append(text);
  }
}

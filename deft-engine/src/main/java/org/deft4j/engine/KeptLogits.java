package org.deft4j.engine;

import java.util.ArrayDeque;

/** Holds logits at ends of branches for later requests, the oldest making room for the newest. */
final class KeptLogits {
  private static final long MEMORY = 64L << 20;

  private final int vocabulary;
  private final int limit;
  private final ArrayDeque<EndPoint> kept = new ArrayDeque<>();

  KeptLogits(int vocabulary) {
    this.vocabulary = vocabulary;
    limit = (int) Math.max(16, MEMORY / (4L * vocabulary));
  }

  /** Keeps a copy of these logits and the logarithm of the sum of their exponentials. */
  void keep(EndPoint end, float[] logits, double norm) {
    if (end.logits != null) {
      return;
    }
    float[] room = null;
    if (kept.size() >= limit) {
      EndPoint oldest = kept.remove();
      room = oldest.logits;
      oldest.logits = null;
    }
    if (room == null) {
      room = new float[vocabulary];
    }
    System.arraycopy(logits, 0, room, 0, vocabulary);
    end.logits = room;
    end.norm = norm;
    kept.add(end);
  }
}

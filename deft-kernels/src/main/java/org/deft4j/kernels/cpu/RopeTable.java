package org.deft4j.kernels.cpu;

import org.deft4j.kernels.Rope;
import org.deft4j.kernels.RopeSpec;

/** Cosines and sines by position, computed in float64 when a position is first met. */
final class RopeTable implements Rope {
  private static final int BLOCK = 64;

  private final RopeSpec spec;
  private final double[] frequencies;
  private final int pairs;
  // [position][pairs] cosines then [pairs] sines
  private float[] table = new float[0];
  private int known;

  RopeTable(RopeSpec spec) {
    this.spec = spec;
    frequencies = spec.frequencies();
    pairs = frequencies.length;
  }

  @Override
  public RopeSpec spec() {
    return spec;
  }

  /** Makes positions up to {@code last} known. */
  void reserve(int last) {
    if (last < known) {
      return;
    }
    int n = Math.max((last / BLOCK + 1) * BLOCK, Math.min(known * 2, 1 << 20));
    float[] grown = new float[Math.multiplyExact(n, 2 * pairs)];
    System.arraycopy(table, 0, grown, 0, known * 2 * pairs);
    for (int p = known; p < n; p++) {
      for (int i = 0; i < pairs; i++) {
        double angle = p * frequencies[i];
        grown[p * 2 * pairs + i] = (float) Math.cos(angle);
        grown[p * 2 * pairs + pairs + i] = (float) Math.sin(angle);
      }
    }
    table = grown;
    known = n;
  }

  /** Rotates the head at {@code x[at...]} in place. */
  void rotate(float[] x, int at, int position) {
    int c = position * 2 * pairs;
    int s = c + pairs;
    if (spec.style() == RopeSpec.Style.INTERLEAVED) {
      for (int i = 0; i < pairs; i++) {
        float a = x[at + 2 * i];
        float b = x[at + 2 * i + 1];
        x[at + 2 * i] = a * table[c + i] - b * table[s + i];
        x[at + 2 * i + 1] = a * table[s + i] + b * table[c + i];
      }
    } else {
      for (int i = 0; i < pairs; i++) {
        float a = x[at + i];
        float b = x[at + pairs + i];
        x[at + i] = a * table[c + i] - b * table[s + i];
        x[at + pairs + i] = a * table[s + i] + b * table[c + i];
      }
    }
  }
}

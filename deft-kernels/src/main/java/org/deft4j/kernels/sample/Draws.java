package org.deft4j.kernels.sample;

import java.util.Arrays;
import java.util.Objects;
import org.deft4j.tree.decode.DecodeSpec;
import org.jspecify.annotations.Nullable;

/**
 * What {@link org.deft4j.kernels.Backend#sample} is to draw, and what it drew. A caller keeps one
 * and reuses it; nothing is allocated but growth.
 */
public final class Draws {
  /** Most distinct tokens of one draw. */
  public static final int MOST = 256;

  private int size;
  private int tokens;
  private int[] row = new int[16];
  private @Nullable DecodeSpec[] spec = new @Nullable DecodeSpec[16];
  private int[] position = new int[16];
  private int[] first = new int[17];
  private int[] token = new int[16];
  private float[] logProb = new float[16];

  /** Asks for nothing. */
  public void clear() {
    Arrays.fill(spec, 0, size, null);
    size = 0;
    tokens = 0;
  }

  /**
   * Asks for a token.
   *
   * @param logitsRow row of the logits
   * @param by filters, temperature, seed and stream; what changes logits is not looked at
   * @param pathPosition of the token on its path
   */
  public void add(int logitsRow, DecodeSpec by, int pathPosition) {
    add(logitsRow, by, pathPosition, 1);
  }

  /**
   * Asks for {@code count} distinct tokens, drawn without replacement, as children of one leaf.
   * With {@code count} 1 it is one of the distribution, as {@link TokenSampler#draw} gives it; more
   * are as {@link TokenSampler#drawDistinct} gives them.
   */
  public void add(int logitsRow, DecodeSpec by, int pathPosition, int count) {
    if (logitsRow < 0 || count < 1 || count > MOST) {
      throw new IllegalArgumentException(
          count + " distinct tokens of row " + logitsRow + " (1.." + MOST + " work)");
    }
    if (size == row.length) {
      int n = size * 2;
      row = Arrays.copyOf(row, n);
      spec = Arrays.copyOf(spec, n);
      position = Arrays.copyOf(position, n);
      first = Arrays.copyOf(first, n + 1);
    }
    row[size] = logitsRow;
    spec[size] = by;
    position[size] = pathPosition;
    tokens += count;
    first[++size] = tokens;
    if (token.length < tokens) {
      token = new int[Math.max(tokens, token.length * 2)];
      logProb = new float[token.length];
    }
  }

  /** Number of draws. */
  public int size() {
    return size;
  }

  /** Tokens of all draws. */
  public int tokens() {
    return tokens;
  }

  /** Row of the logits of a draw. */
  public int row(int draw) {
    return row[draw];
  }

  /** By what a draw is made. */
  public DecodeSpec spec(int draw) {
    return Objects.requireNonNull(spec[draw]);
  }

  /** Position of a draw's token on its path. */
  public int position(int draw) {
    return position[draw];
  }

  /** How many distinct tokens a draw asks for. */
  public int count(int draw) {
    return first[draw + 1] - first[draw];
  }

  /** Where a draw's tokens begin among those of all draws. */
  public int first(int draw) {
    return first[draw];
  }

  /** The drawn token. */
  public int token(int draw) {
    return token[first[draw]];
  }

  /** Natural logarithm of its probability by the logits as they are, unscaled and unfiltered. */
  public float logProb(int draw) {
    return logProb[first[draw]];
  }

  /** The {@code i}-th of a draw's distinct tokens; -1 if the filters left fewer. */
  public int token(int draw, int i) {
    return token[first[draw] + Objects.checkIndex(i, count(draw))];
  }

  /** Its log-probability; 0 if there is none. */
  public float logProb(int draw, int i) {
    return logProb[first[draw] + Objects.checkIndex(i, count(draw))];
  }

  /** Sets the token at {@code place} among those of all draws, for backends. */
  public void set(int place, int drawn, float itsLogProb) {
    token[place] = drawn;
    logProb[place] = itsLogProb;
  }
}

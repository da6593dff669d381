package org.deft4j.kernels.sample;

import java.util.Arrays;
import org.deft4j.tree.decode.DecodeSpec;

/**
 * Draws tokens from a row of logits by the filters of a {@link DecodeSpec}: temperature, top-k,
 * top-p, min-p. What changes logits (bias, repetition penalty) is not looked at.
 *
 * <p>Filters apply in the order of the spec. One token is drawn by the inverse of the cumulative
 * distribution in the order of token ids, with one uniform number of {@link CounterRandom}; several
 * distinct ones by the largest of logit / temperature + Gumbel noise (arXiv 1903.06059). No full
 * sort is made: top-k keeps a heap of k, and top-p looks only at tokens of at least {@code (1 - p)
 * / n} probability, which together have probability p. Keeps buffers; for one thread.
 */
public final class TokenSampler {
  private static final int BLOCK = 512;

  private final int n;
  private final RowMath math = RowMath.best();
  private final double[] blockSum;
  private int at;
  private int[] id = new int[256];
  private float[] value = new float[256];
  private int size;

  /** A sampler over a vocabulary of {@code n} tokens. */
  public TokenSampler(int n) {
    this.n = n;
    blockSum = new double[(n + BLOCK - 1) / BLOCK];
  }

  /** Tokens of the vocabulary. */
  public int size() {
    return n;
  }

  /**
   * Draws one token.
   *
   * @param x holds the logits, one a token, from {@code from} on; not changed
   * @param spec filters, temperature, seed and stream
   * @param position of the token on its path
   */
  public int draw(float[] x, int from, DecodeSpec spec, int position) {
    at = from;
    float max = math.max(x, from, from + n);
    float scale = 1 / spec.temperature();
    if (takesBest(spec)) {
      return first(x, max);
    }
    double u = CounterRandom.uniform(spec.seed(), spec.stream(), position);
    if (!filter(x, max, scale, spec)) {
      return drawAll(x, max, scale, u);
    }
    return draw(max, scale, spec.minP(), u);
  }

  /**
   * Draws distinct tokens, in the order of their draw (the first is distributed as one of {@link
   * #draw}, but not the same); greedy specs give the likeliest ones.
   *
   * @param tokens takes as many as it has room for; -1 where fewer are possible
   */
  public void drawDistinct(float[] x, int from, DecodeSpec spec, int position, int[] tokens) {
    at = from;
    float max = math.max(x, from, from + n);
    float scale = 1 / spec.temperature();
    boolean greedy = takesBest(spec);
    if (greedy || !filter(x, max, scale, spec)) {
      collect(x, Float.NEGATIVE_INFINITY);
    }
    long key = CounterRandom.bits(spec.seed(), spec.stream(), position);
    int[] best = tokens;
    double[] keys = new double[best.length];
    Arrays.fill(best, -1);
    sortById();
    int kept = 0;
    for (int i = 0; i < size; i++) {
      double w = greedy ? 1 : weight(value[i], max, scale);
      if (value[i] == Float.NEGATIVE_INFINITY || w < spec.minP()) {
        continue;
      }
      double k = greedy ? value[i] : ((double) value[i] - max) * scale + gumbel(key, id[i]);
      int place = kept;
      // Insertion from below: of equal keys the smaller id stays ahead.
      while (place > 0 && keys[place - 1] < k) {
        if (place < best.length) {
          keys[place] = keys[place - 1];
          best[place] = best[place - 1];
        }
        place--;
      }
      if (place < best.length) {
        keys[place] = k;
        best[place] = id[i];
        kept = Math.min(best.length, kept + 1);
      }
    }
  }

  private static double gumbel(long key, int token) {
    double u = ((CounterRandom.bits(key, token + 3) >>> 40) + 0.5) * 0x1p-24;
    return -Math.log(-Math.log(u));
  }

  /** Whether a draw is simply the first of the likeliest tokens. */
  public static boolean takesBest(DecodeSpec spec) {
    return spec.topK() == 1 || !Float.isFinite(1 / spec.temperature());
  }

  /** Collects what top-k and top-p keep; false if every token stays and none was collected. */
  private boolean filter(float[] x, float max, float scale, DecodeSpec spec) {
    boolean topK = spec.topK() > 0 && spec.topK() < n;
    if (!topK && spec.topP() == 1 && spec.minP() == 0) {
      return false;
    }
    double total;
    if (topK) {
      largest(x, spec.topK());
      total = 0;
      for (int i = 0; i < size; i++) {
        total += weight(value[i], max, scale);
      }
    } else {
      double lowest = spec.topP() == 1 ? Math.log(spec.minP()) : 0;
      total = 0;
      if (spec.topP() < 1) {
        total = math.sumExp(x, at, at + n, max, scale);
        lowest = Math.log((1 - spec.topP()) * total / n);
      }
      // A little below, so that rounding keeps what belongs.
      collect(x, (float) (max + (lowest - 1e-3) / scale));
    }
    if (spec.topP() < 1) {
      nucleus(spec.topP() * total, max, scale);
    }
    return true;
  }

  private int first(float[] x, float max) {
    for (int i = 0; i < n; i++) {
      if (x[at + i] == max) {
        return i;
      }
    }
    return 0;
  }

  private static double weight(float x, float max, float scale) {
    return Math.exp((double) (x - max) * scale);
  }

  /** Draws from all tokens: finds the block first, then the token in it. */
  private int drawAll(float[] x, float max, float scale, double u) {
    double total = 0;
    for (int b = 0; b < blockSum.length; b++) {
      blockSum[b] = math.sumExp(x, at + b * BLOCK, at + Math.min(n, (b + 1) * BLOCK), max, scale);
      total += blockSum[b];
    }
    double left = u * total;
    int b = 0;
    while (b < blockSum.length - 1 && left >= blockSum[b]) {
      left -= blockSum[b++];
    }
    // Sums of blocks round otherwise than this loop: the last possible token takes what is over.
    int last = -1;
    for (int i = b * BLOCK; i < Math.min(n, (b + 1) * BLOCK); i++) {
      double w = weight(x[at + i], max, scale);
      if (w > 0) {
        last = i;
        left -= w;
        if (left < 0) {
          break;
        }
      }
    }
    return last >= 0 ? last : first(x, max);
  }

  private void add(int token, float v) {
    if (size == id.length) {
      id = Arrays.copyOf(id, size * 2);
      value = Arrays.copyOf(value, size * 2);
    }
    id[size] = token;
    value[size++] = v;
  }

  private void collect(float[] x, float lowest) {
    size = 0;
    for (int i = 0; i < n; i++) {
      if (x[at + i] >= lowest) {
        add(i, x[at + i]);
      }
    }
  }

  /** Collects the k largest, of equal ones those of smaller ids; a heap with the worst on top. */
  private void largest(float[] x, int k) {
    size = 0;
    for (int i = 0; i < k; i++) {
      add(i, x[at + i]);
    }
    for (int i = k / 2 - 1; i >= 0; i--) {
      sink(i, size, -1);
    }
    for (int i = k; i < n; i++) {
      if (x[at + i] > value[0]) {
        id[0] = i;
        value[0] = x[at + i];
        sink(0, size, -1);
      }
    }
  }

  /** Keeps the likeliest candidates until their weights reach {@code mass}. */
  private void nucleus(double mass, float max, float scale) {
    for (int i = size / 2 - 1; i >= 0; i--) {
      sink(i, size, 1);
    }
    double sum = 0;
    int end = size;
    while (end > 0 && sum < mass) {
      sum += weight(value[0], max, scale);
      end--;
      swap(0, end);
      sink(0, end, 1);
    }
    // What was taken stands at the end.
    int kept = size - end;
    System.arraycopy(id, end, id, 0, kept);
    System.arraycopy(value, end, value, 0, kept);
    size = kept;
  }

  /** Draws from the candidates above min-p, in the order of their ids. */
  private int draw(float max, float scale, float minP, double u) {
    sortById();
    double total = 0;
    for (int i = 0; i < size; i++) {
      double w = weight(value[i], max, scale);
      total += w >= minP ? w : 0;
    }
    double left = u * total;
    int last = id[0];
    for (int i = 0; i < size; i++) {
      double w = weight(value[i], max, scale);
      if (w >= minP && w > 0) {
        last = id[i];
        left -= w;
        if (left < 0) {
          break;
        }
      }
    }
    return last;
  }

  /** Whether candidate a is likelier than b; of equal ones the smaller id is. */
  private boolean likelier(int a, int b) {
    return value[a] != value[b] ? value[a] > value[b] : id[a] < id[b];
  }

  /** Restores a heap of {@code end} below i: best on top with sign 1, worst with -1. */
  private void sink(int from, int end, int sign) {
    int i = from;
    while (2 * i + 1 < end) {
      int c = 2 * i + 1;
      if (c + 1 < end && likelier(c + 1, c) == (sign > 0)) {
        c++;
      }
      if (likelier(i, c) == (sign > 0)) {
        return;
      }
      swap(i, c);
      i = c;
    }
  }

  private void sortById() {
    // Ids and values in one long each; ids are distinct.
    long[] both = new long[size];
    for (int i = 0; i < size; i++) {
      both[i] = (long) id[i] << 32 | (Float.floatToRawIntBits(value[i]) & 0xFFFFFFFFL);
    }
    Arrays.sort(both);
    for (int i = 0; i < size; i++) {
      id[i] = (int) (both[i] >>> 32);
      value[i] = Float.intBitsToFloat((int) both[i]);
    }
  }

  private void swap(int a, int b) {
    int i = id[a];
    id[a] = id[b];
    id[b] = i;
    float v = value[a];
    value[a] = value[b];
    value[b] = v;
  }
}

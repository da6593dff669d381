package org.deft4j.kernels.cuda;

import java.nio.ByteBuffer;
import org.deft4j.kernels.sample.Draws;
import org.deft4j.kernels.sample.TokenSampler;
import org.deft4j.tree.decode.DecodeSpec;
import org.jspecify.annotations.Nullable;

/**
 * Draws tokens on the device by the kernels of {@code sample.cu}: logits stay there, one token and
 * one log-probability a draw come back, through mapped host memory.
 *
 * <p>A row is worked on by a cluster of thread blocks where there are clusters: the more rows, the
 * fewer blocks a row. Where all draws of a launch are of the kinds that most are (the likeliest
 * token, a small top-k, min-p alone), a shorter kernel makes them.
 */
final class CudaSampler implements AutoCloseable {
  private static final int THREADS = 512;

  /** Words of a {@code DeftSampleSpec}. */
  private static final int SPEC_WORDS = 12;

  /** Bytes of a {@code DeftDraw}. */
  private static final int DRAW_BYTES = 8;

  /** Most tokens of a row. */
  private static final int MOST_COLUMNS = 1 << 18;

  private final CudaDevice device;
  private final int sharedBytes;
  private final CudaKernel one;
  private final @Nullable CudaKernel two;
  private final @Nullable CudaKernel four;
  private final @Nullable CudaKernel eight;
  private final int shortSharedBytes;
  private final int shortTopK;
  private final CudaKernel shortOne;
  private final @Nullable CudaKernel shortTwo;
  private final @Nullable CudaKernel shortFour;
  private final ParamBlock params = new ParamBlock(64);
  private final Turn[] turns = new Turn[2];
  private int turn;
  private int[] specs = new int[16 * SPEC_WORDS];

  /** What one launch is asked and draws: two take turns, so that two may be on their way. */
  private final class Turn implements AutoCloseable {
    PinnedBuffer asked = device.memory().pinned(64 * SPEC_WORDS * Integer.BYTES);
    PinnedBuffer drawn = device.memory().pinned(64 * DRAW_BYTES);
    final CudaTimer done = device.timer();
    int tokens;
    @Nullable Draws waiting;

    /** Waits for the tokens. */
    void await() {
      Draws draws = waiting;
      if (draws == null) {
        return;
      }
      done.await();
      waiting = null;
      ByteBuffer results = drawn.data();
      for (int i = 0; i < draws.tokens(); i++) {
        int p = i * DRAW_BYTES;
        draws.set(i, results.getInt(p), results.getFloat(p + 4));
      }
    }

    @Override
    public void close() {
      done.close();
      asked.close();
      drawn.close();
    }
  }

  CudaSampler(CudaDevice device) {
    this.device = device;
    CudaModule module = device.load("sample");
    sharedBytes = module.readInt("deft_sample_shared");
    boolean clusters = device.capability() >= 90;
    one = module.kernel("deft_sample_1").maxDynamicShared(sharedBytes);
    two = clusters ? module.kernel("deft_sample_2").maxDynamicShared(sharedBytes) : null;
    four = clusters ? module.kernel("deft_sample_4").maxDynamicShared(sharedBytes) : null;
    eight = clusters ? module.kernel("deft_sample_8").maxDynamicShared(sharedBytes) : null;
    shortSharedBytes = module.readInt("deft_sample_short_shared");
    shortTopK = module.readInt("deft_sample_short_k");
    shortOne = module.kernel("deft_sample_short_1").maxDynamicShared(shortSharedBytes);
    shortTwo =
        clusters ? module.kernel("deft_sample_short_2").maxDynamicShared(shortSharedBytes) : null;
    shortFour =
        clusters ? module.kernel("deft_sample_short_4").maxDynamicShared(shortSharedBytes) : null;
    turns[0] = new Turn();
    turns[1] = new Turn();
  }

  /** As {@link org.deft4j.kernels.Backend#sampleLater}. */
  void sampleLater(CudaTensor x, int cols, Draws draws) {
    int n = draws.size();
    if (n == 0) {
      return;
    }
    turn ^= 1;
    Turn t = turns[turn];
    t.await();
    t.tokens = draws.tokens();
    // Both lie in host memory that the device sees: a copy would cost more than the reads.
    t.asked = grown(t.asked, n * SPEC_WORDS * Integer.BYTES);
    t.drawn = grown(t.drawn, draws.tokens() * DRAW_BYTES);
    if (cols > MOST_COLUMNS) {
      onTheHost(x, cols, draws, t.drawn.data());
      return;
    }
    if (specs.length < n * SPEC_WORDS) {
      specs = new int[2 * n * SPEC_WORDS];
    }
    for (int i = 0; i < n; i++) {
      put(i, draws);
    }
    t.asked.data().asIntBuffer().put(specs, 0, n * SPEC_WORDS);
    params.clear().pointer(x.buffer()).i64(t.asked.deviceAddress()).i64(t.drawn.deviceAddress());
    params.i64(x.stride()).i32(cols).i32(n).i32(x.rows()).i32(0);
    if (allShort(cols, draws)) {
      launchShort(n);
    } else {
      launch(n);
    }
    t.done.stop();
    t.waiting = draws;
  }

  /** As {@link org.deft4j.kernels.Backend#await}. */
  void await(Draws draws) {
    for (Turn t : turns) {
      if (t.waiting == draws) {
        t.await();
      }
    }
  }

  /** Where the device finds the {@code DeftDraw}s of the last {@link #sampleLater}. */
  long lastDrawn() {
    return turns[turn].drawn.deviceAddress();
  }

  /** How many of them. */
  int lastTokens() {
    return turns[turn].tokens;
  }

  /** {@code b} or a larger one. */
  private PinnedBuffer grown(PinnedBuffer b, int bytes) {
    if (b.bytes() >= bytes) {
      return b;
    }
    PinnedBuffer made = device.memory().pinned(2 * bytes);
    device.synchronize(); // the step before may still read it
    b.close();
    return made;
  }

  private void launch(int n) {
    CudaKernel kernel = one;
    int blocks = 1;
    if (eight != null && n <= 16) {
      kernel = eight;
      blocks = 8;
    } else if (four != null && n <= 50) {
      kernel = four;
      blocks = 4;
    } else if (two != null && n <= 128) {
      kernel = two;
      blocks = 2;
    }
    device.launcher().launchEarly(kernel, n * blocks, 1, THREADS, sharedBytes, params);
  }

  /** Whether the short kernels can make all draws ({@code findBound} there decides alike). */
  private boolean allShort(int cols, Draws draws) {
    for (int i = 0; i < draws.size(); i++) {
      DecodeSpec d = draws.spec(i);
      boolean topK = d.topK() > 0 && d.topK() < cols;
      boolean few = topK ? d.topK() <= shortTopK : d.minP() > 0 && d.topP() >= 1;
      if (draws.count(i) != 1 || (!few && !TokenSampler.takesBest(d))) {
        return false;
      }
    }
    return true;
  }

  private void launchShort(int n) {
    CudaKernel kernel = shortOne;
    int blocks = 1;
    if (shortFour != null && n <= 4) {
      kernel = shortFour;
      blocks = 4;
    } else if (shortTwo != null) {
      kernel = shortTwo;
      blocks = 2;
    }
    device.launcher().launchEarly(kernel, n * blocks, 1, THREADS, shortSharedBytes, params);
  }

  private void put(int i, Draws draws) {
    DecodeSpec d = draws.spec(i);
    int w = i * SPEC_WORDS;
    specs[w] = (int) d.seed();
    specs[w + 1] = (int) (d.seed() >>> 32);
    specs[w + 2] = (int) d.stream();
    specs[w + 3] = (int) (d.stream() >>> 32);
    specs[w + 4] = draws.position(i);
    specs[w + 5] = draws.row(i);
    specs[w + 6] = Float.floatToRawIntBits(d.temperature());
    specs[w + 7] = Float.floatToRawIntBits(d.topP());
    specs[w + 8] = Float.floatToRawIntBits(d.minP());
    specs[w + 9] = d.topK();
    specs[w + 10] = draws.count(i);
    specs[w + 11] = draws.first(i);
  }

  /** For vocabularies that the kernels cannot hold. */
  private static void onTheHost(CudaTensor x, int cols, Draws draws, ByteBuffer drawn) {
    TokenSampler sampler = new TokenSampler(cols);
    float[] row = new float[x.cols()];
    for (int i = 0; i < draws.size(); i++) {
      x.read(draws.row(i), 1, row, 0);
      double max = Double.NEGATIVE_INFINITY;
      for (int c = 0; c < cols; c++) {
        max = Math.max(max, row[c]);
      }
      double sum = 0;
      for (int c = 0; c < cols; c++) {
        sum += Math.exp(row[c] - max);
      }
      double norm = max + Math.log(sum);
      int[] tokens = new int[draws.count(i)];
      if (tokens.length == 1) {
        tokens[0] = sampler.draw(row, 0, draws.spec(i), draws.position(i));
      } else {
        sampler.drawDistinct(row, 0, draws.spec(i), draws.position(i), tokens);
      }
      for (int j = 0; j < tokens.length; j++) {
        int t = tokens[j];
        draws.set(draws.first(i) + j, t, t < 0 ? 0 : (float) (row[t] - norm));
        drawn.putInt((draws.first(i) + j) * DRAW_BYTES, t);
      }
    }
  }

  @Override
  public void close() {
    for (Turn t : turns) {
      t.close();
    }
  }
}

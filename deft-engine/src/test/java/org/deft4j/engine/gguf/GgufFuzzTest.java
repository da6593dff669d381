package org.deft4j.engine.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.deft4j.engine.TestModels;
import org.deft4j.engine.tokenizer.Tokenizers;
import org.deft4j.tree.DeftException;
import org.junit.jupiter.api.Test;

/** Broken and hostile files give one clear error or a sound parse, never anything else. */
public class GgufFuzzTest {
  private static final long[] HOSTILE = {
    0,
    1,
    -1,
    7,
    8,
    31,
    255,
    65_535,
    65_536,
    1L << 20,
    Integer.MAX_VALUE,
    1L << 31,
    1L << 32,
    (1L << 32) - 1,
    1L << 48,
    1L << 61,
    Long.MAX_VALUE,
    Long.MIN_VALUE
  };

  private int sound;
  private int refused;

  /** Parses and then uses everything that a model would. */
  private void check(byte[] bytes, long seed) {
    try {
      GgufFile f = GgufFile.of("fuzz.gguf", MemorySegment.ofArray(bytes));
      long total = 0;
      for (GgufTensor t : f.tensors()) {
        total += t.data().byteSize();
      }
      assertThat(total).isLessThanOrEqualTo(bytes.length);
      for (String k : f.metadata().keys()) {
        f.metadata().has(k);
      }
      Tokenizers.from(f.metadata()).encode("a b");
      sound++;
    } catch (DeftException e) {
      assertThat(e.exitCode()).isEqualTo(DeftException.UNSUPPORTED_MODEL);
      assertThat(e).hasMessageStartingWith("fuzz.gguf: ");
      assertThat(String.valueOf(e.getMessage()).length()).isLessThan(600);
      refused++;
    } catch (Throwable t) {
      throw new AssertionError("seed " + seed, t);
    }
  }

  private static void write(byte[] b, int at, long v, int width) {
    for (int i = 0; i < width && at + i < b.length; i++) {
      b[at + i] = (byte) (v >>> (8 * i));
    }
  }

  /** The same file with one to three random changes near its beginning. */
  public static byte[] mutate(byte[] original, int interesting, SplittableRandom r) {
    byte[] b = original.clone();
    int n = 1 + r.nextInt(3);
    for (int i = 0; i < n; i++) {
      int at =
          r.nextInt(10) == 0 ? r.nextInt(b.length) : r.nextInt(Math.min(interesting, b.length));
      switch (r.nextInt(6)) {
        case 0 -> b[at] ^= (byte) (1 << r.nextInt(8));
        case 1 -> b[at] = (byte) r.nextInt();
        case 2 -> write(b, at, HOSTILE[r.nextInt(HOSTILE.length)], 8);
        case 3 -> write(b, at, HOSTILE[r.nextInt(HOSTILE.length)], 4);
        case 4 -> b = Arrays.copyOf(b, r.nextInt(20) == 0 ? r.nextInt(interesting) : b.length - at);
        default -> {
          int from = r.nextInt(Math.min(interesting, b.length));
          int len = Math.min(r.nextInt(1, 64), b.length - Math.max(from, at));
          System.arraycopy(original, from, b, at, Math.max(0, Math.min(len, b.length - at)));
        }
      }
      if (b.length == 0) {
        break;
      }
    }
    return b;
  }

  /** A small sound file, whose mutations reach every branch of the parser quickly. */
  private static byte[] tiny() {
    return new GgufWriter()
        .put("general.architecture", "llama")
        .put("general.alignment", 32)
        .put("tokenizer.ggml.model", "llama")
        .put("tokenizer.ggml.tokens", List.of("<unk>", "<s>", "a", "b", "\u2581a"))
        .put("tokenizer.ggml.scores", List.of(0f, 0f, -1f, -2f, -3f))
        .put("tokenizer.ggml.token_type", List.of(2, 3, 1, 1, 1))
        .put("tokenizer.ggml.unknown_token_id", 0)
        .put("tokenizer.ggml.add_bos_token", true)
        .put("f64", 1.0)
        .floats("a", new float[64], 8, 8)
        .tensor("b", TensorType.Q8_0, new byte[34 * 4], 32, 4)
        .floats("c", new float[3], 3)
        .bytes();
  }

  @Test
  void mutationsOfASmallFile() {
    byte[] b = tiny();
    check(b, -1);
    assertThat(sound).isEqualTo(1);
    for (int seed = 0; seed < 20_000; seed++) {
      check(mutate(b, b.length, new SplittableRandom(seed)), seed);
    }
    // The test must not have become vacuous.
    assertThat(sound).isGreaterThan(500);
    assertThat(refused).isGreaterThan(8_000);
  }

  @Test
  void everyTruncation() {
    byte[] b = tiny();
    for (int n = 0; n < b.length; n++) {
      check(Arrays.copyOf(b, n), n);
    }
    assertThat(refused).isEqualTo(b.length);
  }

  @Test
  void mutationsOfARealFile() {
    byte[] b = TestModels.stories260KBytes();
    for (int seed = 0; seed < 10_000; seed++) {
      check(mutate(b, 15_000, new SplittableRandom(1_000_000L + seed)), seed);
    }
    assertThat(sound).isGreaterThan(500);
    assertThat(refused).isGreaterThan(2_000);
  }
}

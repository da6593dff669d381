package org.deft4j.engine.convert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.deft4j.engine.gguf.TensorType;
import org.deft4j.kernels.WeightType;
import org.deft4j.kernels.Weights;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuantizerTest {
  private static float[] back(TensorType type, float[] x) {
    byte[] bytes = new Quantizer(type, x.length).row(x);
    float[] out = new float[x.length];
    new Weights(WeightType.valueOf(type.name()), 1, x.length, MemorySegment.ofArray(bytes))
        .decodeRow(0, out, 0);
    return out;
  }

  /**
   * Error of normal values, relative in the root of the mean square: rounding to n levels over the
   * range of a sub-block bounds it, and the best fit does better than that.
   */
  @ParameterizedTest
  @CsvSource({"F32, 0", "F16, 3e-4", "BF16, 2e-3", "Q8_0, 6e-3", "Q6_K, 2.5e-2", "Q4_K, 7.5e-2"})
  void errorIsSmall(TensorType type, double most) {
    SplittableRandom r = new SplittableRandom(5);
    for (double scale : new double[] {1e-3, 1, 300}) {
      float[] x = new float[4096];
      for (int i = 0; i < x.length; i++) {
        x[i] = (float) (r.nextGaussian() * scale);
      }
      float[] y = back(type, x);
      double error = 0;
      double norm = 0;
      for (int i = 0; i < x.length; i++) {
        error += Math.pow(x[i] - y[i], 2);
        norm += Math.pow(x[i], 2);
      }
      assertThat(Math.sqrt(error / norm)).as("%s at %s", type, scale).isLessThanOrEqualTo(most);
    }
  }

  @ParameterizedTest
  @CsvSource({"Q8_0", "Q6_K", "Q4_K"})
  void specialBlocks(TensorType type) {
    for (float v : back(type, new float[256])) {
      assertThat(v + 0f).isZero();
    }
    float[] same = new float[256];
    java.util.Arrays.fill(same, 0.5f);
    for (float v : back(type, same)) {
      assertThat(v).isBetween(0.48f, 0.52f);
    }
    java.util.Arrays.fill(same, -0.5f);
    for (float v : back(type, same)) {
      assertThat(v).isBetween(-0.52f, -0.48f);
    }
    float[] one = new float[256];
    one[77] = -3;
    float[] y = back(type, one);
    assertThat(y[77]).isBetween(-3.1f, -2.9f);
    assertThat(y[200] + 0f).isZero();
  }

  @Test
  void whatCannotBeWrittenIsRefused() {
    assertThatThrownBy(() -> new Quantizer(TensorType.Q4_0, 32))
        .isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Quantizer(TensorType.Q4_K, 128))
        .isInstanceOf(IllegalArgumentException.class);
  }
}

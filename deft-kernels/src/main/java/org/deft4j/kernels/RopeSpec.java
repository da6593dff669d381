package org.deft4j.kernels;

import java.util.Arrays;

/**
 * Rotary position embedding (RoFormer, arXiv 2104.09864): pair i of a head turns by {@code position
 * * frequency[i]} radians.
 *
 * @param style which values of a head form a pair
 * @param headDim values a head
 * @param frequencies radians a position, one a pair; {@code 2 * frequencies.length} leading values
 *     of a head are rotated, the rest pass unchanged
 */
public record RopeSpec(Style style, int headDim, double[] frequencies) {
  /** Which values form pair i. */
  public enum Style {
    /** 2i and 2i + 1, as in Llama files converted to GGUF. */
    INTERLEAVED,
    /** i and i + half the rotated values, as in GPT-NeoX, Qwen and Hugging Face. */
    HALF_SPLIT
  }

  /** Checks the number of pairs. */
  public RopeSpec {
    if (frequencies.length < 1 || 2 * frequencies.length > headDim) {
      throw new IllegalArgumentException(
          frequencies.length + " rotary pairs for a head of " + headDim);
    }
    frequencies = frequencies.clone();
  }

  /**
   * Frequencies {@code base^(-2i / rotaryDims)}.
   *
   * @param rotaryDims leading values of a head that are rotated, an even number
   */
  public static RopeSpec of(Style style, int headDim, int rotaryDims, double base) {
    if (rotaryDims < 2 || rotaryDims % 2 != 0 || rotaryDims > headDim) {
      throw new IllegalArgumentException(
          "rotary dimensions " + rotaryDims + " of a head of " + headDim);
    }
    double[] f = new double[rotaryDims / 2];
    for (int i = 0; i < f.length; i++) {
      f[i] = Math.pow(base, -2.0 * i / rotaryDims);
    }
    return new RopeSpec(style, headDim, f);
  }

  /**
   * Divides each frequency by its factor, as {@code rope_freqs.weight} of a GGUF file gives them.
   *
   * @param factors one a pair, positive
   */
  public RopeSpec withFactors(float[] factors) {
    if (factors.length != frequencies.length) {
      throw new IllegalArgumentException(
          factors.length + " factors for " + frequencies.length + " rotary pairs");
    }
    double[] f = frequencies.clone();
    for (int i = 0; i < f.length; i++) {
      if (!(factors[i] > 0)) {
        throw new IllegalArgumentException("rotary factor " + factors[i]);
      }
      f[i] /= factors[i];
    }
    return new RopeSpec(style, headDim, f);
  }

  /** Divides every frequency by {@code factor}: linear position interpolation. */
  public RopeSpec withLinearScaling(double factor) {
    return new RopeSpec(style, headDim, Arrays.stream(frequencies).map(f -> f / factor).toArray());
  }

  /**
   * Llama 3.1's scaling: wavelengths above {@code original / lowFactor} are stretched by {@code
   * factor}, those below {@code original / highFactor} kept, those between blended.
   *
   * @param factor for instance 8 or 32
   * @param lowFactor for instance 1
   * @param highFactor for instance 4
   * @param original context length of the original training, for instance 8192
   */
  public RopeSpec withLlama3Scaling(
      double factor, double lowFactor, double highFactor, int original) {
    double[] f = frequencies.clone();
    for (int i = 0; i < f.length; i++) {
      double wavelength = 2 * Math.PI / f[i];
      if (wavelength > original / lowFactor) {
        f[i] /= factor;
      } else if (wavelength > original / highFactor) {
        double smooth = (original / wavelength - lowFactor) / (highFactor - lowFactor);
        f[i] = (1 - smooth) * f[i] / factor + smooth * f[i];
      }
    }
    return new RopeSpec(style, headDim, f);
  }

  /**
   * YaRN (arXiv 2309.00071): frequencies that turn fewer than {@code slow} times within the
   * original context are divided by {@code factor}, those that turn more than {@code fast} times
   * kept, those between blended. Scores are to be multiplied by {@link #yarnScore} besides.
   *
   * @param base the base of the frequencies
   * @param original context length of the original training
   */
  public RopeSpec withYarn(double factor, double base, int original, double fast, double slow) {
    int dims = 2 * frequencies.length;
    double low = Math.max(0, Math.floor(yarnPair(fast, dims, base, original)));
    double high = Math.min(dims - 1, Math.ceil(yarnPair(slow, dims, base, original)));
    double[] f = frequencies.clone();
    for (int i = 0; i < f.length; i++) {
      double stretched = Math.clamp((i - low) / Math.max(0.001, high - low), 0, 1);
      f[i] = f[i] / factor * stretched + f[i] * (1 - stretched);
    }
    return new RopeSpec(style, headDim, f);
  }

  /** The pair that turns {@code turns} times within the original context. */
  private static double yarnPair(double turns, int dims, double base, int original) {
    return dims * Math.log(original / (turns * 2 * Math.PI)) / (2 * Math.log(base));
  }

  /** What YaRN multiplies scores with: its temperature of queries and keys, squared. */
  public static double yarnScore(double factor) {
    double each = factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1;
    return each * each;
  }

  /** The frequencies, a copy. */
  @Override
  public double[] frequencies() {
    return frequencies.clone();
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof RopeSpec s
        && s.style == style
        && s.headDim == headDim
        && Arrays.equals(s.frequencies, frequencies);
  }

  @Override
  public int hashCode() {
    return 31 * (31 * style.hashCode() + headDim) + Arrays.hashCode(frequencies);
  }
}

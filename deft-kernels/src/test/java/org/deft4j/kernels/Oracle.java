package org.deft4j.kernels;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.SplittableRandom;
import org.deft4j.tree.plan.AttentionPlan;

/** Naive float64 counterparts of the operations, and random operands for both. */
public final class Oracle {
  private Oracle() {}

  /** Weights and what they mean. */
  public record Sample(Weights weights, double[] values) {}

  /** Values between -1 and 1. */
  public static float[] floats(SplittableRandom random, int n) {
    float[] x = new float[n];
    for (int i = 0; i < n; i++) {
      x[i] = (float) random.nextDouble(-1, 1);
    }
    return x;
  }

  /** Random weights of a type. */
  public static Sample weights(SplittableRandom random, WeightType type, int rows, int cols) {
    MemorySegment data = MemorySegment.ofArray(new byte[(int) (rows * type.rowBytes(cols))]);
    double[] values = new double[rows * cols];
    var shorts = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    var floats = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    if (type.quantized() && type != WeightType.Q8_0) {
      return quantized(random, type, rows, cols);
    }
    for (int i = 0; i < values.length; i++) {
      double x = random.nextDouble(-1, 1);
      switch (type) {
        case F32 -> {
          values[i] = (float) x;
          data.set(floats, 4L * i, (float) x);
        }
        case F16 -> {
          short h = Float.floatToFloat16((float) x);
          values[i] = Float.float16ToFloat(h);
          data.set(shorts, 2L * i, h);
        }
        case BF16 -> {
          int bits = Float.floatToIntBits((float) x) & 0xFFFF0000;
          values[i] = Float.intBitsToFloat(bits);
          data.set(shorts, 2L * i, (short) (bits >> 16));
        }
        case Q8_0 -> {
          long block = i / 32 * 34L;
          if (i % 32 == 0) {
            data.set(shorts, block, Float.floatToFloat16((float) random.nextDouble(0.001, 0.01)));
          }
          byte q = (byte) random.nextInt(-127, 128);
          data.set(ValueLayout.JAVA_BYTE, block + 2 + i % 32, q);
          values[i] = (double) Float.float16ToFloat(data.get(shorts, block)) * q;
        }
        default -> throw new IllegalArgumentException(type.name());
      }
    }
    return new Sample(new Weights(type, rows, cols, data), values);
  }

  /** Any bits but for the blocks' halves, which keep values of about 1. */
  private static Sample quantized(SplittableRandom random, WeightType type, int rows, int cols) {
    byte[] bytes = new byte[Math.toIntExact(rows * type.rowBytes(cols))];
    random.nextBytes(bytes);
    // The largest product of quant and sub-block scale; where the halves are.
    double most =
        switch (type) {
          case Q4_0 -> 8;
          case Q4_1, Q5_0 -> 16;
          case Q5_1 -> 32;
          case Q4_K -> 15 * 63;
          case Q5_K -> 31 * 63;
          default -> 32 * 128;
        };
    int at = type == WeightType.Q6_K ? 208 : 0;
    MemorySegment data = MemorySegment.ofArray(bytes);
    var shorts = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    for (long b = 0; b < bytes.length; b += type.blockBytes()) {
      data.set(shorts, b + at, Float.floatToFloat16((float) (random.nextDouble(0.3, 1) / most)));
      if (type.hasMinima()) {
        double min = type.blockSize() == 32 ? -0.5 : 0.5 / 63;
        data.set(shorts, b + 2, Float.floatToFloat16((float) (random.nextDouble(0.5, 1) * min)));
      }
    }
    // Exact to the bit: QuantizedRowTest.
    Weights w = new Weights(type, rows, cols, data);
    float[] row = new float[cols];
    double[] values = new double[rows * cols];
    for (int r = 0; r < rows; r++) {
      w.decodeRow(r, row, 0);
      for (int i = 0; i < cols; i++) {
        values[r * cols + i] = row[i];
      }
    }
    return new Sample(w, values);
  }

  /** {@code [rows][n]} products of {@code x [rows][cols]} with {@code w [n][cols]}. */
  public static double[] matmul(double[] w, int n, int cols, float[] x, int rows) {
    double[] y = new double[rows * n];
    for (int r = 0; r < rows; r++) {
      for (int i = 0; i < n; i++) {
        for (int k = 0; k < cols; k++) {
          y[r * n + i] += w[i * cols + k] * x[r * cols + k];
        }
      }
    }
    return y;
  }

  /**
   * Attention of row r and head h over the tokens that the row sees in any group that it reduces.
   *
   * @param keys {@code [slot][kvHeads][dim]}
   */
  public static double[] attention(
      AttentionPlan plan,
      float[] qkv,
      int qkvCols,
      int heads,
      int kvHeads,
      int dim,
      double scale,
      float[] keys,
      float[] values) {
    int[] none = {};
    ScoreRule rule = new ScoreRule((float) scale, 0, 0);
    return attention(
        plan, qkv, qkvCols, heads, kvHeads, dim, scale, rule, none, none, keys, values);
  }

  /**
   * The same with the rule's cap and window.
   *
   * @param scale instead of the rule's, which is rounded
   * @param rowPosition place of each row on its path, where there is a window
   * @param slotPosition the same of each slot's token
   */
  public static double[] attention(
      AttentionPlan plan,
      float[] qkv,
      int qkvCols,
      int heads,
      int kvHeads,
      int dim,
      double scale,
      ScoreRule rule,
      int[] rowPosition,
      int[] slotPosition,
      float[] keys,
      float[] values) {
    double[] out = new double[plan.rows() * heads * dim];
    for (int r = 0; r < plan.rows(); r++) {
      for (int h = 0; h < heads; h++) {
        int kvHead = h / (heads / kvHeads);
        double sum = 0;
        double[] acc = new double[dim];
        for (int k = plan.rowRange()[r]; k < plan.rowRange()[r + 1]; k++) {
          for (int g = plan.rangeFirst()[k]; g < plan.rangeEnd()[k]; g++) {
            for (int p = plan.groupPiece()[g]; p < plan.groupPiece()[g + 1]; p++) {
              for (int i = 0; i < plan.pieceLength()[p]; i++) {
                int slot = plan.pieceSlot()[p] + i;
                boolean far =
                    rule.window() > 0 && slotPosition[slot] <= rowPosition[r] - rule.window();
                if (far || !plan.sees(r, p, i)) {
                  continue;
                }
                int at = (slot * kvHeads + kvHead) * dim;
                double s = 0;
                for (int d = 0; d < dim; d++) {
                  s += (double) qkv[r * qkvCols + h * dim + d] * keys[at + d];
                }
                double score = s * scale;
                if (rule.cap() > 0) {
                  score = rule.cap() * Math.tanh(score / rule.cap());
                }
                double e = Math.exp(score);
                sum += e;
                for (int d = 0; d < dim; d++) {
                  acc[d] += e * values[at + d];
                }
              }
            }
          }
        }
        for (int d = 0; d < dim; d++) {
          out[(r * heads + h) * dim + d] = sum == 0 ? 0 : acc[d] / sum;
        }
      }
    }
    return out;
  }
}

package org.deft4j.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** Every type's values, bit by bit, against vectors that ggml's own Python package made. */
class QuantizedRowTest {
  record Vector(WeightType type, byte[] row, float[] values) {}

  static List<Vector> vectors() {
    try (InputStream in =
        Objects.requireNonNull(QuantizedRowTest.class.getResourceAsStream("quant-vectors.txt"))) {
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII)
          .lines()
          .map(QuantizedRowTest::vector)
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static Vector vector(String line) {
    String[] parts = line.split(" ");
    float[] values = new float[parts[2].length() / 8];
    for (int i = 0; i < values.length; i++) {
      values[i] = Float.intBitsToFloat(Integer.parseUnsignedInt(parts[2], i * 8, i * 8 + 8, 16));
    }
    return new Vector(WeightType.valueOf(parts[0]), HexFormat.of().parseHex(parts[1]), values);
  }

  @Test
  void everyTypeIsExactToTheBit() {
    Map<WeightType, Integer> seen = new EnumMap<>(WeightType.class);
    for (Vector v : vectors()) {
      int cols = v.values.length;
      // A second row before it, at an odd address.
      byte[] data = new byte[v.row.length * 2 + 1];
      System.arraycopy(v.row, 0, data, 1 + v.row.length, v.row.length);
      MemorySegment bytes = MemorySegment.ofArray(data).asSlice(1);
      float[] got = new float[cols + 2];
      new Weights(v.type, 2, cols, bytes).decodeRow(1, got, 1);
      for (int i = 0; i < cols; i++) {
        assertThat(Float.floatToRawIntBits(got[1 + i]))
            .as("%s value %s: %s, not %s", v.type, i, got[1 + i], v.values[i])
            .isEqualTo(Float.floatToRawIntBits(v.values[i]));
      }
      seen.merge(v.type, 1, Integer::sum);
    }
    for (WeightType type : WeightType.values()) {
      if (type != WeightType.F32) {
        assertThat(seen.get(type)).as("vectors of %s", type).isGreaterThan(4);
      }
    }
  }

  /** What panels hold, scale * quant + offset rounded once, is the same value. */
  @Test
  void scaleZeroAndMinimumSayTheSame() {
    for (Vector v : vectors()) {
      if (v.type.quantized()) {
        QuantizedRow row = new QuantizedRow(v.type, v.values.length);
        row.read(MemorySegment.ofArray(v.row), 0);
        for (int k = 0; k < v.values.length; k++) {
          int g = k / QuantizedRow.GROUP;
          float scale = row.scales()[g];
          float offset = row.mins()[g] - scale * row.zero();
          assertThat(Math.fma(scale, (float) (row.quants()[k] & 255), offset) + 0f)
              .as("%s value %s", v.type, k)
              .isEqualTo(v.values[k] + 0f);
        }
      }
    }
  }

  @Test
  void whatHasNoQuantsIsRefused() {
    assertThatThrownBy(() -> new QuantizedRow(WeightType.F16, 32))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("F16 has no quants");
    assertThatThrownBy(() -> new QuantizedRow(WeightType.Q4_K, 128))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("no positive multiple of 256");
  }
}

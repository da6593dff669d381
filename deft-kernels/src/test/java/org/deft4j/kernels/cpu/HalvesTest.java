package org.deft4j.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class HalvesTest {
  @Test
  void everyBf16RoundTrips() {
    for (int i = 0; i < 1 << 16; i++) {
      float f = Halves.fromBf16((short) i);
      if (Float.isNaN(f)) {
        assertThat(Halves.fromBf16(Halves.toBf16(f))).isNaN();
      } else {
        assertThat(Halves.toBf16(f)).isEqualTo((short) i);
      }
    }
  }

  @Test
  void bf16RoundsToTheNearestTiesToEven() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 20_000; i++) {
      float x = Float.intBitsToFloat(random.nextInt());
      if (!Float.isFinite(x)) {
        continue;
      }
      int low = Float.floatToRawIntBits(x) & 0xFFFF0000;
      float a = Float.intBitsToFloat(low);
      float b = Float.intBitsToFloat(low + 0x10000);
      double toA = Math.abs((double) x - a);
      double toB = Float.isInfinite(b) ? Math.ulp(a) * 65536.0 - toA : Math.abs((double) b - x);
      float want = toA < toB || toA == toB && (low >> 16 & 1) == 0 ? a : b;
      assertThat(Halves.fromBf16(Halves.toBf16(x))).isEqualTo(want);
    }
  }

  @Test
  void f16SaturatesAndKeepsNaN() {
    assertThat(Halves.fromF16(Halves.toF16(1e30f))).isEqualTo(65504f);
    assertThat(Halves.fromF16(Halves.toF16(Float.NEGATIVE_INFINITY))).isEqualTo(-65504f);
    assertThat(Halves.fromF16(Halves.toF16(Float.NaN))).isNaN();
    assertThat(Halves.fromF16(Halves.toF16(0x1p-24f))).isEqualTo(0x1p-24f);
  }
}

package org.deft4j.kernels.cpu.panama;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class LanesTest {
  @Test
  void expIsWithinItsStatedError() {
    float[] x = new float[Lanes.L];
    for (double at = -87.2; at < 87.9; at += 0.0137) {
      for (int i = 0; i < x.length; i++) {
        x[i] = (float) (at + i * 0.0017);
      }
      float[] y = new float[x.length];
      Lanes.exp(Lanes.load(x, 0)).intoArray(y, 0);
      for (int i = 0; i < x.length; i++) {
        double want = Math.exp(x[i]);
        assertThat(Math.abs(y[i] / want - 1)).as("exp(%s) = %s", x[i], y[i]).isLessThan(3e-7);
      }
    }
  }

  @Test
  void expOfExtremes() {
    assertThat(Lanes.exp(Lanes.all(-100)).lane(0)).isZero();
    assertThat(Lanes.exp(Lanes.all(Float.NEGATIVE_INFINITY)).lane(0)).isZero();
    assertThat(Lanes.exp(Lanes.all(1000)).lane(0)).isGreaterThan(1.6e38f);
    assertThat(Lanes.exp(Lanes.all(0)).lane(0)).isEqualTo(1f);
    assertThat(Lanes.exp(Lanes.all(Float.NaN)).lane(0)).isNaN();
  }

  @Test
  void exp2IsWithinItsStatedErrorAndAShiftMovesTheExponentOnly() {
    float[] x = new float[Lanes.L];
    for (double at = -124; at < 0; at += 0.0171) {
      for (int i = 0; i < x.length; i++) {
        x[i] = (float) (at + i * 0.0019);
      }
      float[] y = new float[x.length];
      float[] z = new float[x.length];
      Lanes.exp2(Lanes.load(x, 0), Lanes.all(0)).intoArray(y, 0);
      Lanes.exp2(Lanes.load(x, 0), Lanes.all(100)).intoArray(z, 0);
      for (int i = 0; i < x.length; i++) {
        double want = Math.pow(2, x[i]);
        assertThat(Math.abs(y[i] / want - 1)).as("2^%s = %s", x[i], y[i]).isLessThan(3e-7);
        if (x[i] < -30) {
          assertThat(z[i]).isEqualTo(y[i] * 0x1p100f);
        }
      }
    }
    assertThat(Lanes.exp2(Lanes.all(GroupKernel.NOTHING), Lanes.all(-3)).lane(0)).isZero();
    assertThat(Lanes.exp2(Lanes.all(-130), Lanes.all(0)).lane(0)).isZero();
  }
}

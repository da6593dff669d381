package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.deft4j.kernels.BackendOptions;
import org.deft4j.kernels.Tensor;
import org.deft4j.kernels.sample.Draws;
import org.deft4j.kernels.sample.TokenSampler;
import org.deft4j.tree.decode.DecodeSpec;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the contract of all backends does not ask of draws. */
@EnabledIfCuda
final class CudaSamplerTest {
  private static final int ROWS = 5;

  /** A model that overflowed: its rows hold no numbers, or few, or more equal ones than a list. */
  @ParameterizedTest
  @ValueSource(ints = {40, 1000, 40_003, 128_256})
  void rowsWithoutNumbersLeaveOthersAlone(int cols) {
    SplittableRandom random = new SplittableRandom(cols);
    float[] x = new float[ROWS * cols];
    for (int i = 0; i < cols; i++) {
      x[i] = Float.NaN;
      x[cols + i] = (float) random.nextGaussian();
      x[2 * cols + i] = i % 3 == 0 ? Float.NEGATIVE_INFINITY : Float.NaN;
      x[3 * cols + i] = i % 2 == 0 ? 6 : Float.NaN;
      x[4 * cols + i] = i % 50 == 7 ? Float.NaN : (float) random.nextGaussian();
    }
    float[] plain = x.clone();
    for (int i = 0; i < plain.length; i++) {
      plain[i] = Float.isNaN(plain[i]) ? Float.NEGATIVE_INFINITY : plain[i];
    }
    TokenSampler sampler = new TokenSampler(cols);
    try (CudaBackend b = new CudaBackend(BackendOptions.defaults())) {
      Tensor t = b.tensor(ROWS, cols);
      t.write(0, ROWS, x, 0);
      for (int size : new int[] {ROWS, 6 * ROWS}) {
        Draws draws = new Draws();
        for (int i = 0; i < size; i++) {
          DecodeSpec.Builder spec = DecodeSpec.of(1).seed(random.nextLong(), random.nextLong());
          switch (i / ROWS % 3) {
            case 0 -> spec.temperature(0);
            case 1 -> spec.temperature(0.8f).topK(Math.min(50, cols - 1));
            default -> spec.temperature(1).minP(0.01f);
          }
          draws.add(i % ROWS, spec.build(), random.nextInt(9000));
        }
        b.sample(t, cols, draws);
        for (int i = 0; i < size; i++) {
          int row = draws.row(i);
          int at = row * cols;
          assertThat(draws.token(i)).as("row %d of %d", row, cols).isBetween(0, cols - 1);
          if (row == 1 || row >= 3) {
            int want = sampler.draw(plain, at, draws.spec(i), draws.position(i));
            assertThat(draws.token(i))
                .as("row %d of %d, %s", row, cols, draws.spec(i))
                .isEqualTo(want);
          }
        }
      }
      // The device is as it was.
      float[] after = new float[cols];
      t.read(1, 1, after, 0);
      assertThat(after).isEqualTo(Arrays.copyOfRange(x, cols, 2 * cols));
    }
  }
}

package org.deft4j.kernels.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CounterRandomTest {
  @Test
  void keysGiveDistinctUniformNumbers() {
    Set<Long> seen = new HashSet<>();
    int[] bucket = new int[64];
    double sum = 0;
    int n = 0;
    for (long seed = -2; seed < 3; seed++) {
      for (long stream = -1; stream < 40; stream++) {
        for (long position = 0; position < 200; position++) {
          seen.add(CounterRandom.bits(seed, stream, position));
          double u = CounterRandom.uniform(seed, stream, position);
          assertThat(u).isGreaterThanOrEqualTo(0).isLessThan(1);
          bucket[(int) (u * 64)]++;
          sum += u;
          n++;
        }
      }
    }
    assertThat(seen).hasSize(n);
    assertThat(sum / n).isCloseTo(0.5, within(0.005));
    double chi = 0;
    for (int b : bucket) {
      chi += Math.pow(b - n / 64.0, 2) / (n / 64.0);
    }
    // 63 degrees of freedom: mean 63, standard deviation 11.
    assertThat(chi).isBetween(20.0, 110.0);
  }

  @Test
  void neighboursInEachWordAreIndependent() {
    for (int word = 0; word < 3; word++) {
      int flips = 0;
      for (int i = 0; i < 2000; i++) {
        long a = CounterRandom.bits(word == 0 ? i : 1, word == 1 ? i : 1, word == 2 ? i : 1);
        long b =
            CounterRandom.bits(word == 0 ? i + 1 : 1, word == 1 ? i + 1 : 1, word == 2 ? i + 1 : 1);
        flips += Long.bitCount(a ^ b);
      }
      assertThat(flips / 2000.0).isCloseTo(32, within(0.5));
    }
  }

  @Test
  void neverChanges() {
    // Frozen: results of earlier runs with a seed must come again.
    assertThat(CounterRandom.bits(0, 0, 0)).isEqualTo(FROZEN[0]);
    assertThat(CounterRandom.bits(1, 2, 3)).isEqualTo(FROZEN[1]);
    assertThat(CounterRandom.bits(-1, Long.MAX_VALUE, 1 << 20)).isEqualTo(FROZEN[2]);
  }

  private static final long[] FROZEN = {
    -9214263648786371753L, -4197561778926100012L, -8912761116620721336L
  };
}

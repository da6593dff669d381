package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class StepGraphsTest {
  @Test
  void paddingIsSmallAndLeavesFewNumbersOfRows() {
    Set<Integer> padded = new HashSet<>();
    for (int rows = 1; rows <= 600; rows++) {
      int p = StepGraphs.padded(rows);
      assertThat(p).isBetween(rows, rows <= 64 ? rows + 7 : rows * 5 / 4);
      assertThat(StepGraphs.padded(p)).isEqualTo(p);
      if (rows <= 8 || rows > StepGraphs.MOST_ROWS) {
        assertThat(p).isEqualTo(rows);
      } else {
        padded.add(p);
      }
    }
    assertThat(padded).hasSizeLessThan(20);
  }
}

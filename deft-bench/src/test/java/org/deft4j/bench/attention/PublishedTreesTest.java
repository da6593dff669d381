package org.deft4j.bench.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PublishedTreesTest {
  static List<String> all() {
    List<String> all = new ArrayList<>(PublishedTrees.FAST_TREE);
    all.addAll(PublishedTrees.PAT);
    return all;
  }

  /** Leaves and tokens are those that the levels multiply to; each row sees its level's path. */
  @ParameterizedTest
  @MethodSource("all")
  void treesHaveTheSizesOfTheirLevels(String spec) {
    String[] halves = spec.split("/", -1);
    long[] nodes = Arrays.stream(halves[0].split(",", -1)).mapToLong(Long::parseLong).toArray();
    long[] tokens = Arrays.stream(halves[1].split(",", -1)).mapToLong(Long::parseLong).toArray();
    Workload w = Workload.parse(spec);
    long sum = 0;
    for (int i = 0; i < nodes.length; i++) {
      sum += nodes[i] * tokens[i];
    }
    long leaves = nodes[nodes.length - 1];
    assertThat(w.layout().rows()).isEqualTo((int) leaves);
    assertThat(w.tokens()).isEqualTo(sum);
    double path = Arrays.stream(tokens).sum();
    assertThat(w.flops()).isEqualTo(4.0 * 128 * 32 * leaves * path);
  }

  @Test
  void groupsAreTheLists() {
    assertThat(Workloads.group("fasttree", null)).hasSize(15).doesNotHaveDuplicates();
    assertThat(Workloads.all(null).keySet()).containsAll(all());
    assertThat(Workloads.group("deft", null))
        .contains("few-shot-4k-50")
        .doesNotContain("1,256/256,32");
    assertThat(Workloads.group("few-shot-4k-50", null)).isEmpty();
  }

  /** 256 draft tokens on 6000 multiply more than they read: 31.9 us at 790 TFLOP/s. */
  @Test
  void theBoundIsTheLargerOfReadingAndMultiplying() {
    Bound draft = Bound.of(Workload.flatDraft(6000, 256), 7.6, 790);
    assertThat(draft.micros()).isCloseTo(31.9, within(0.05));
    assertThat(draft.barMicros()).isCloseTo(63.7, within(0.1));
    Bound leaf = Bound.of(Workload.single(4000), 5.8, 790);
    assertThat(leaf.micros()).isEqualTo(5.8);
    assertThat(leaf.barMicros()).isEqualTo(14.8);
  }
}

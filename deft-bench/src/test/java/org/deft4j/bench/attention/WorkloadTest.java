package org.deft4j.bench.attention;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.deft4j.testing.SharedData;
import org.deft4j.tree.RowLayout;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.AttentionPlan;
import org.deft4j.tree.plan.AttentionPlanner;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Workloads have the rows, tokens and paths that their names say. */
class WorkloadTest {
  @Test
  void branchesSeeThePromptAndThemselves() {
    Workload w = Workload.fewShot(4000, 50, 200);
    RowLayout layout = w.layout();
    assertThat(layout.rows()).isEqualTo(50);
    assertThat(w.tokens()).isEqualTo(14_000);
    for (int r = 0; r < 50; r++) {
      assertThat(layout.rowPosition()[r]).isEqualTo(4199);
    }
  }

  @Test
  void treesByLevelsSpreadEvenly() {
    Workload w = Workload.parse("1,2,8/100,20,3");
    assertThat(w.layout().rows()).isEqualTo(8);
    assertThat(w.tokens()).isEqualTo(100 + 2 * 20 + 8 * 3);
    assertThat(w.layout().rowPosition()[7]).isEqualTo(122);
    // Two trees of one forest share nothing.
    assertThat(Workload.parse("2,4/10,1").tokens()).isEqualTo(24);
  }

  @Test
  void everyDraftTokenIsARowBelowItsPath() {
    List<List<Integer>> paths = List.of(List.of(0, 1), List.of(0), List.of(1), List.of(0, 0));
    Workload w = Workload.draft("draft", 30, paths);
    assertThat(w.layout().rows()).isEqualTo(5);
    assertThat(w.tokens()).isEqualTo(35);
    int[] depths = java.util.Arrays.copyOf(w.layout().rowPosition(), 5);
    assertThat(depths).containsExactlyInAnyOrder(30, 31, 31, 32, 32);
    assertThatThrownBy(() -> Workload.draft("draft", 30, List.of(List.of(2, 2))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("[2, 2]");
  }

  @Test
  void headsDoNotChangeTheTree() {
    Workload w = Workload.single(7).withHeads(4, 2, 64);
    assertThat(w.tokens()).isEqualTo(7);
    assertThat(w.heads() + " " + w.kvHeads() + " " + w.headDim()).isEqualTo("4 2 64");
  }

  /**
   * The sizes that the DeFT authors' recordings have: 44.4 MB at 4 KB a token, 18 live branches.
   */
  @Test
  void theRecordedSortingTreeIsThatOfItsStep() {
    Path data = SharedData.require("data/deft-tree-templates");
    Workload w = named(data, "sorting");
    assertThat(w.layout().rows()).isEqualTo(18);
    assertThat(w.tokens()).isEqualTo(10_834);
  }

  @ParameterizedTest
  @ValueSource(strings = {"sorting", "draft-64"})
  void everyMethodHasRoomForItsPlan(String name) {
    Path data = SharedData.require("data/deft-tree-templates");
    for (AttentionMethod method : AttentionMethod.values()) {
      Workload w = named(data, name);
      AttentionPlanner planner = new AttentionPlanner(method);
      AttentionPlan plan = planner.plan(w.layout());
      assertThat(plan.rows()).as(method.label()).isEqualTo(w.layout().rows());
      planner.close();
    }
  }

  private static Workload named(Path templates, String name) {
    return Objects.requireNonNull(Workloads.all(templates).get(name), name).get();
  }
}

package org.deft4j.bench.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.deft4j.bench.attention.LayerTimer;
import org.deft4j.bench.model.ModelShape;
import org.deft4j.bench.model.RandomModel;
import org.deft4j.bench.model.WatchedEngine;
import org.deft4j.bench.report.Chart;
import org.deft4j.bench.report.Report;
import org.deft4j.engine.EngineOptions;
import org.deft4j.engine.TreeEngine;
import org.deft4j.engine.json.JsonReader;
import org.deft4j.engine.json.JsonWriter;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.AttentionPlan;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Replays of small recordings, whose rows and tokens can be counted by hand. */
class ReplayTest {
  private static final EngineOptions OPTIONS =
      EngineOptions.of(Path.of("random")).withBackend("scalar").withThreads(1);

  /** Two thoughts of 90 and 60 tokens; the longer one has two more of 40 and none below it. */
  private static final String TREE =
      """
      [{"incompleted": false, "prompt": "", "data": {
        "0": {"id": 0, "value": 10, "start": -9, "end": 0, "children": [1, 2]},
        "1": {"id": 1, "value": 90, "start": 1, "end": 90, "children": [3, 4]},
        "2": {"id": 2, "value": 60, "start": 1, "end": 60, "children": []},
        "3": {"id": 3, "value": 40, "start": 91, "end": 130, "children": []},
        "4": {"id": 4, "value": 0, "start": 91, "end": 90, "children": []}}}]
      """;

  private static final String DRAFT =
      """
      {"Tree_ID": "x", "Tree_Structure": [[0], [0, 0], [1]], "Token_Tree_size": 4,
       "Records": [{"prompt": "", "Accept_length": [2, 0, 5, 1, 3, 1], "Avg_accept_length": "2"}]}
      """;

  @TempDir Path folder;
  private Recording tree;
  private Recording draft;
  private Recording flat;

  @BeforeEach
  void read() throws IOException {
    Path t = Files.writeString(folder.resolve("small.json"), TREE);
    Path d = Files.writeString(folder.resolve("draft.json"), DRAFT);
    tree = Recording.read(t, List.of(0), false).getFirst();
    draft = Recording.read(d, List.of(0), false).getFirst();
    flat = Recording.read(d, List.of(0), true).getFirst();
  }

  private static ReplaySettings settings(int samples, AttentionMethod... methods) {
    return new ReplaySettings(List.of(methods), samples, 1, () -> false);
  }

  private static WatchedEngine engine() {
    return WatchedEngine.open(
        RandomModel.of(ModelShape.of("tiny")), OPTIONS, TreeEngine.backend(OPTIONS));
  }

  @Test
  void recordingsAreToldApart() throws IOException {
    assertThat(tree.draft()).isFalse();
    assertThat(tree.steps()).isEqualTo(130);
    assertThat(tree.thoughtLengths()).containsExactly(90, 60, 40, 0);
    assertThat(draft.draft()).isTrue();
    assertThat(draft.steps()).isEqualTo(6);
    assertThat(flat.name()).isEqualTo("draft-flat");
    assertThatThrownBy(() -> Recording.read(folder.resolve("small.json"), List.of(1), false))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("0 to 0");
    Path broken = Files.writeString(folder.resolve("b.json"), "{\"Tree_Structure\": [[0]]}");
    assertThatThrownBy(() -> Recording.read(broken, List.of(0), false))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("Records");
  }

  /** Before step 4 the text has grown by 2 + 0 + 5; its drafts are rows at the depths of paths. */
  @Test
  void draftsStandBelowWhatWasAccepted() {
    assertThat(draft.at(4, 100)).isNotNull();
    var layout = java.util.Objects.requireNonNull(draft.at(4, 100)).layout();
    assertThat(layout.rows()).isEqualTo(4);
    assertThat(java.util.Arrays.copyOf(layout.rowPosition(), 4))
        .containsExactlyInAnyOrder(107, 108, 108, 109);
    var below = java.util.Objects.requireNonNull(flat.at(4, 100)).layout();
    assertThat(java.util.Arrays.copyOf(below.rowPosition(), 4)).containsOnly(107);
  }

  /** A timer that says how many tokens a plan's rows see. */
  private static final class Counter implements LayerTimer {
    @Override
    public String device() {
      return "none";
    }

    @Override
    public double micros(AttentionPlan plan, int heads, int kvHeads, int headDim) {
      return plan.rows();
    }

    @Override
    public void close() {}
  }

  @Test
  void placesStandForAllSteps() {
    AttentionReplay replay = new AttentionReplay(new Counter(), 3, 8, 4, 8, 2);
    MethodRun every = replay.run(tree, 10, 130, 1000, AttentionMethod.FLATTEN, () -> false);
    assertThat(every.samples()).hasSize(130);
    assertThat(every.rows()).isEqualTo(90 + 60 + 40);
    assertThat(every.attentionMillis()).isEqualTo(3 * 190 / 1e3, Offset.offset(1e-9));
    assertThat(every.stepMillis()).isNaN();
    MethodRun some = replay.run(tree, 10, 130, 13, AttentionMethod.RADIX, () -> false);
    assertThat(some.samples().stream().mapToDouble(StepSample::weight).sum()).isEqualTo(130);
    assertThat(some.rows()).isEqualTo(190, Offset.offset(10.0));
    MethodRun capped = replay.run(tree, 10, 30, 1000, AttentionMethod.NODE, () -> false);
    assertThat(capped.rows()).isEqualTo(60);
  }

  @Test
  void anEngineDecodesEveryTokenOfATree() {
    try (WatchedEngine w = engine()) {
      EngineReplay replay =
          new EngineReplay(w, settings(0, AttentionMethod.FLATTEN, AttentionMethod.SEQUENCE));
      long before = w.engine().stats().decodedTokens();
      List<MethodRun> runs = replay.run(tree, 200, 130);
      assertThat(w.engine().stats().decodedTokens() - before).isEqualTo(2 * 190);
      MethodRun flatten = runs.getFirst();
      MethodRun sequence = runs.getLast();
      assertThat(flatten.samples()).hasSize(130);
      assertThat(flatten.samples()).allMatch(s -> s.stepMicros() > 0 && s.attentionMicros() > 0);
      // Where thoughts begin, one row serves all of them.
      assertThat(flatten.rows()).isEqualTo(190 - 1);
      assertThat(sequence.rows()).isEqualTo(flatten.rows());
      assertThat(sequence.kvGigabytes()).isGreaterThan(1.2 * flatten.kvGigabytes());
      assertThat(w.engine().busy()).isFalse();
    }
  }

  @Test
  void methodsShareOneDecodingAtPlaces() {
    AttentionMethod[] all = AttentionMethod.values();
    try (WatchedEngine w = engine()) {
      List<MethodRun> runs = new EngineReplay(w, settings(3, all)).run(tree, 40, 130);
      assertThat(runs).extracting(MethodRun::method).containsExactly(all);
      for (MethodRun r : runs) {
        assertThat(r.failure()).isEmpty();
        assertThat(r.samples()).hasSize(3);
        assertThat(r.samples().stream().mapToDouble(StepSample::weight).sum()).isEqualTo(130);
        assertThat(r.stepMillis()).isPositive();
      }
    }
  }

  /** The number of branches changes with every step or two, and with it what a step costs. */
  @Test
  void methodsAreMeasuredWithinTheirPlacesWhereRowsChange() throws IOException {
    StringBuilder nodes = new StringBuilder();
    StringBuilder children = new StringBuilder();
    int leaves = 60;
    for (int i = 1; i <= leaves; i++) {
      children.append(i == 1 ? "" : ", ").append(i);
      String node =
          ", \"%d\": {\"id\": %d, \"value\": %d, \"start\": 1, \"end\": %d, \"children\": []}";
      nodes.append(node.formatted(i, i, 2 * i, 2 * i));
    }
    String json =
        "[{\"incompleted\": false, \"prompt\": \"\", \"data\": {\"0\": {\"id\": 0, \"value\": 1,"
            + " \"start\": 0, \"end\": 0, \"children\": [%s]}%s}}]".formatted(children, nodes);
    Path file = Files.writeString(folder.resolve("fan.json"), json);
    Recording fan = Recording.read(file, List.of(0), false).getFirst();
    int steps = fan.steps();
    assertThat(steps).isEqualTo(2 * leaves);
    AttentionMethod[] all = AttentionMethod.values();
    try (WatchedEngine w = engine()) {
      for (MethodRun r : new EngineReplay(w, settings(3, all)).run(fan, 40, steps)) {
        assertThat(r.samples()).hasSize(3);
        for (int i = 0; i < 3; i++) {
          assertThat(r.samples().get(i).step())
              .as("%s, place %d", r.method(), i)
              .isBetween(steps * i / 3 + 1, steps * (i + 1) / 3);
        }
      }
    }
  }

  @Test
  void aMethodWithoutRoomSaysSoAndTheOthersGoOn() {
    // Two layers of 2 * 4 * 8 floats: 512 bytes a token; 380 tokens hold the tree, not its copies.
    EngineOptions small = OPTIONS.withKvMemory(380L * 512);
    try (WatchedEngine w =
        WatchedEngine.open(
            RandomModel.of(ModelShape.of("tiny")), small, TreeEngine.backend(small))) {
      ReplaySettings settings = settings(0, AttentionMethod.SEQUENCE, AttentionMethod.FLATTEN);
      List<MethodRun> runs = new EngineReplay(w, settings).run(tree, 150, 130);
      assertThat(runs.getFirst().failure()).isEqualTo("does not fit");
      assertThat(runs.getLast().failure()).isEmpty();
      assertThat(runs.getLast().samples()).hasSize(130);
    }
  }

  @Test
  void draftsAreVerifiedInOnePass() {
    ReplaySettings settings =
        settings(0, AttentionMethod.FLATTEN, AttentionMethod.SEQUENCE, AttentionMethod.RADIX);
    try (DraftReplay replay =
        new DraftReplay(
            RandomModel.of(ModelShape.of("tiny")), TreeEngine.backend(OPTIONS), settings)) {
      for (Recording r : List.of(draft, flat)) {
        List<MethodRun> runs = replay.run(r, 50, 6);
        assertThat(runs.get(0).rows()).isEqualTo(6 * 4);
        assertThat(runs.get(1).failure()).contains("not run");
        assertThat(runs.get(2).kvGigabytes()).isGreaterThan(2 * runs.get(0).kvGigabytes());
      }
      assertThatThrownBy(() -> replay.run(tree, 50, 6)).hasMessageContaining("no draft tree");
    }
  }

  @Test
  void theReportHasThePapersSeries() {
    AttentionReplay replay = new AttentionReplay(new Counter(), 1, 8, 4, 8, 2);
    Report report = new Report("replay");
    ReplayReport table = new ReplayReport(report);
    List<MethodRun> runs =
        List.of(
            replay.run(tree, 10, 130, 10, AttentionMethod.FLATTEN, () -> false),
            replay.run(tree, 10, 130, 10, AttentionMethod.SEQUENCE, () -> false),
            new MethodRun(tree, 10, 130, AttentionMethod.NODE, List.of(), "does not fit"));
    List<Map<String, Object>> rows = table.add(runs);
    assertThat(rows.getFirst())
        .containsEntry("base", "sequence")
        .containsEntry("attentionSpeedup", 1.0);
    assertThat(rows.getLast())
        .containsEntry("note", "does not fit")
        .doesNotContainKey("attentionMillis");
    table.addCharts();
    List<Chart> charts = Chart.read(JsonReader.read(JsonWriter.document(report.toMap())));
    assertThat(charts)
        .extracting(Chart::name)
        .containsExactly("attention-small-0-prompt-10", "thoughts-small-0", "speedup-attention");
    // 90, 60, 40 and 0 tokens in bins of 10.
    assertThat(charts.get(1).series().getFirst().y())
        .extracting(Number::intValue)
        .containsExactly(1, 0, 0, 0, 1, 0, 1, 0, 0, 1);
  }
}

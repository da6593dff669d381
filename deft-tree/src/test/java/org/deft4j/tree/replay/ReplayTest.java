package org.deft4j.tree.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.deft4j.testing.SharedData;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.KvGeometry;
import org.deft4j.tree.plan.PlanOptions;
import org.deft4j.tree.replay.TreeTemplate.Node;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReplayTest {
  private static final KvGeometry GEOMETRY = new KvGeometry(32, 8, 128, 2, 2);

  /** Prompt of 10, nodes of 2 and 3 tokens; below the first one of 0, and below that one of 4. */
  private static final TreeTemplate SMALL =
      new TreeTemplate(
          List.of(
              new Node(10, -9, 0, List.of(1, 2)),
              new Node(2, 1, 2, List.of(3)),
              new Node(3, 1, 3, List.of()),
              new Node(0, 3, 2, List.of(4)),
              new Node(4, 3, 6, List.of())));

  @Test
  void countsAsByHand() {
    // Steps 1..6 hold prompt + node 1 + node 2 + node 4: 12, 14, 10+2+3+1, 14, 15, 16 tokens.
    assertThat(tokens(SMALL, AttentionMethod.FLATTEN)).isEqualTo(12 + 14 + 16 + 14 + 15 + 16);
    assertThat(tokens(SMALL, AttentionMethod.RADIX))
        .isEqualTo(11 + 11 + 12 + 12 + 13 + 13 + 14 + 15 + 16);
    Replay.Result r = Replay.run(SMALL, AttentionMethod.SEQUENCE, PlanOptions.DEFAULT, GEOMETRY);
    assertThat(r.steps()).isEqualTo(6);
    assertThat(r.rows()).isEqualTo(9);
    assertThat(r.copiedTokens()).isEqualTo(10 + 10 + 12);
    assertThat(SMALL.maxWidth()).isEqualTo(2);
    assertThat(SMALL.longestPath()).isEqualTo(16);
    assertThat(SMALL.withPrompt(100).tokens()).isEqualTo(109);
  }

  @Test
  void aBrokenRecordIsRefused() {
    assertThatThrownBy(() ->
            new TreeTemplate(List.of(new Node(1, 0, 0, List.of(1)), new Node(2, 2, 3, List.of()))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("node 1");
    assertThatThrownBy(() -> new TreeTemplate(List.of(new Node(1, 0, 0, List.of(0)))))
        .isInstanceOf(IllegalArgumentException.class);
  }

  /** The reductions published for these recordings, from a closed count of every tree. */
  @ParameterizedTest
  @CsvSource({
    "docmergeToT, 50, 3.68, 3.66",
    "keywordToT, 98, 8.18, 8.09",
    "set128ToT, 100, 6.48, 6.27",
    "sorting128ToT, 77, 4.30, 4.33"
  })
  void reductionOfKvTokens(String file, int trees, double mean, double ratio) throws IOException {
    double ratios = 0;
    long sequence = 0;
    long tree = 0;
    List<TreeTemplate> all = read(file);
    assertThat(all).hasSize(trees);
    for (TreeTemplate t : all) {
      long s = closedSequenceTokens(t);
      long f = closedTreeTokens(t);
      ratios += (double) s / f;
      sequence += s;
      tree += f;
    }
    assertThat(ratios / trees).isCloseTo(mean, within(0.01));
    assertThat((double) sequence / tree).isCloseTo(ratio, within(0.01));
  }

  @ParameterizedTest
  @CsvSource({"docmergeToT, 2", "keywordToT, 5", "set128ToT, 5", "sorting128ToT, 1"})
  void plansCountAsTheClosedForm(String file, int trees) throws IOException {
    compare(read(file).subList(0, trees));
  }

  @Tag("slow")
  @ParameterizedTest
  @CsvSource({"docmergeToT", "keywordToT", "set128ToT", "sorting128ToT"})
  void plansCountAsTheClosedFormOnEveryTree(String file) throws IOException {
    compare(read(file));
  }

  private static void compare(List<TreeTemplate> trees) {
    for (TreeTemplate t : trees) {
      assertThat(tokens(t, AttentionMethod.FLATTEN)).isEqualTo(closedTreeTokens(t));
      assertThat(tokens(t, AttentionMethod.SEQUENCE)).isEqualTo(closedSequenceTokens(t));
    }
  }

  private static long tokens(TreeTemplate t, AttentionMethod method) {
    return Replay.run(t, method, PlanOptions.DEFAULT, GEOMETRY).io().kvTokens();
  }

  private static long closedSequenceTokens(TreeTemplate t) {
    long sum = 0;
    int[] above = new int[t.nodes().size()];
    for (int i : preorder(t)) {
      Node node = t.nodes().get(i);
      node.children().forEach(c -> above[c] = above[i] + node.value());
      if (i > 0) {
        sum += (long) node.value() * above[i] + (long) node.value() * (node.value() + 1) / 2;
      }
    }
    return sum;
  }

  private static long closedTreeTokens(TreeTemplate t) {
    List<Integer> order = preorder(t);
    boolean[][] below = new boolean[t.nodes().size()][t.steps() + 1];
    long sum = 0;
    for (int i : order.reversed()) {
      Node node = t.nodes().get(i);
      for (int c : node.children()) {
        for (int s = 1; s <= t.steps(); s++) {
          Node child = t.nodes().get(c);
          below[i][s] |= below[c][s] || child.start() <= s && s <= child.end();
        }
      }
      for (boolean b : below[i]) {
        sum += b ? node.value() : 0;
      }
      if (i > 0) {
        sum += (long) node.value() * (node.value() + 1) / 2;
      }
    }
    return sum;
  }

  private static List<Integer> preorder(TreeTemplate t) {
    List<Integer> order = new ArrayList<>(List.of(0));
    for (int q = 0; q < order.size(); q++) {
      order.addAll(t.nodes().get(order.get(q)).children());
    }
    return order;
  }

  private static List<TreeTemplate> read(String file) throws IOException {
    String text =
        Files.readString(
            SharedData.require("data/deft-tree-templates/reasoning/" + file + ".json"));
    List<TreeTemplate> out = new ArrayList<>();
    for (Object o : (List<?>) Json.parse(text)) {
      Map<?, ?> tree = (Map<?, ?>) o;
      if (Boolean.TRUE.equals(tree.get("incompleted"))) {
        continue;
      }
      Map<?, ?> data = (Map<?, ?>) field(tree, "data");
      List<Node> nodes = new ArrayList<>();
      for (int i = 0; i < data.size(); i++) {
        Map<?, ?> n = (Map<?, ?>) field(data, String.valueOf(i));
        List<Integer> children =
            ((List<?>) field(n, "children")).stream().map(c -> toInt(c)).toList();
        nodes.add(
            new Node(
                toInt(field(n, "value")),
                toInt(field(n, "start")),
                toInt(field(n, "end")),
                children));
      }
      out.add(new TreeTemplate(nodes));
    }
    return out;
  }

  private static Object field(Map<?, ?> map, String key) {
    return Objects.requireNonNull(map.get(key), key);
  }

  private static int toInt(Object o) {
    return o instanceof Double d ? d.intValue() : Integer.parseInt(String.valueOf(o));
  }
}

package org.deft4j.bench.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.deft4j.testing.SharedData;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.KvGeometry;
import org.deft4j.tree.plan.PlanOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class IoTableTest {
  private static final KvGeometry GEOMETRY = new KvGeometry(32, 8, 128, 2, 2);

  /** A prompt of 10 tokens, below it two branches of 2 tokens; and a record to be passed over. */
  private static final String SMALL =
      """
      [{"incompleted": true, "prompt": "", "data": {}},
       {"incompleted": false, "prompt": "", "data": {
        "2": {"id": 2, "value": 2, "start": 1, "end": 2, "children": []},
        "0": {"id": 0, "value": 10, "start": -9, "end": 0, "children": [1, 2]},
        "1": {"id": 1, "value": 2, "start": 1, "end": 2, "children": []}}}]
      """;

  @TempDir Path temp;

  private static IoTable table(TemplateFile file, AttentionMethod... methods) {
    return IoTable.of(
        List.of(file), List.of(methods), PlanOptions.DEFAULT, GEOMETRY, (_, _) -> true);
  }

  @Test
  void countsASmallTreeByHand() throws IOException {
    TemplateFile file = TemplateFile.read(Files.writeString(temp.resolve("small.json"), SMALL));
    assertThat(file.incomplete()).isEqualTo(1);
    IoTable table = table(file, AttentionMethod.FLATTEN, AttentionMethod.SEQUENCE);
    IoTable.FileRows rows = table.files().getFirst();
    assertThat(rows.name()).isEqualTo("small");
    assertThat(rows.steps()).isEqualTo(2);
    assertThat(rows.tokens()).isEqualTo(4);
    // Step 1 reads 10 + 1 + 1 tokens once and 2 * 11 a branch; step 2 has a token more each.
    assertThat(rows.rows().getFirst().io().kvTokens()).isEqualTo(12 + 14);
    assertThat(rows.rows().getLast().io().kvTokens()).isEqualTo(22 + 24);
    assertThat(rows.rows().getFirst().sumRatio()).isEqualTo(46.0 / 26);
    assertThat(rows.rows().getFirst().io().kv()).isEqualTo(26L * 2 * 8 * 128 * 2);
    assertThat(table.markdown()).contains("| flatten | 26 | 1.77x | 1.77x |");
    assertThat(table.rows()).hasSize(2);
    assertThat(table.rows().getFirst())
        .containsEntry("file", "small")
        .containsEntry("attention", "flatten")
        .containsEntry("kvTokens", 26L);
  }

  @Test
  void stopsWhenToldTo() throws IOException {
    TemplateFile file = TemplateFile.read(Files.writeString(temp.resolve("small.json"), SMALL));
    IoTable table =
        IoTable.of(
            List.of(file),
            List.of(AttentionMethod.NODE),
            PlanOptions.DEFAULT,
            GEOMETRY,
            (_, _) -> false);
    assertThat(table.files()).isEmpty();
  }

  /** The reductions that a simulation of the recordings gives, independent of any plan. */
  @ParameterizedTest
  @CsvSource({
    "docmergeToT, 3.68, 3.66",
    "keywordToT, 8.18, 8.09",
    "set128ToT, 6.48, 6.27",
    "sorting128ToT, 4.30, 4.33"
  })
  void theRecordingsOfThePaperGiveItsReductions(String name, double mean, double sum) {
    Path file = SharedData.require("data/deft-tree-templates/reasoning/" + name + ".json");
    IoTable.Row row =
        table(TemplateFile.read(file), AttentionMethod.FLATTEN)
            .files()
            .getFirst()
            .rows()
            .getFirst();
    assertThat(row.meanRatio()).isCloseTo(mean, within(0.01));
    assertThat(row.sumRatio()).isCloseTo(sum, within(0.01));
  }
}

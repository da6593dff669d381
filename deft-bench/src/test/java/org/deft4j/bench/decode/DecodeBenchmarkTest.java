package org.deft4j.bench.decode;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.assertj.core.data.Offset;
import org.deft4j.bench.model.ModelShape;
import org.deft4j.bench.model.RandomModel;
import org.deft4j.bench.model.WatchedEngine;
import org.deft4j.engine.EngineOptions;
import org.deft4j.engine.TreeEngine;
import org.deft4j.tree.plan.AttentionMethod;
import org.junit.jupiter.api.Test;

class DecodeBenchmarkTest {
  @Test
  void methodsAreMeasuredOverOneTree() {
    EngineOptions options =
        EngineOptions.of(Path.of("random")).withBackend("scalar").withThreads(1);
    try (WatchedEngine w =
        WatchedEngine.open(
            RandomModel.of(ModelShape.of("tiny")), options, TreeEngine.backend(options))) {
      DecodeBenchmark b = new DecodeBenchmark(w, 60, 5, 4, 0.8f);
      List<Map<String, Object>> rows =
          b.measure(3, List.of(AttentionMethod.FLATTEN, AttentionMethod.SEQUENCE));
      assertThat(rows).extracting(r -> r.get("attention")).containsExactly("flatten", "sequence");
      assertThat(rows.getLast()).containsEntry("speedup", 1.0).containsEntry("leaves", 3);
      for (Map<String, Object> r : rows) {
        double sum =
            value(r, "productsMillis")
                + value(r, "attentionMillis")
                + value(r, "otherMillis")
                + value(r, "hostMillis");
        assertThat(sum).isEqualTo(value(r, "stepMillis"), Offset.offset(1e-9));
      }
      // Three branches that each read a prompt of 60 against one that all share.
      assertThat(value(rows.getLast(), "ioMegabytes"))
          .isGreaterThan(value(rows.getFirst(), "ioMegabytes"));
      // Everything is released but what is cached of the prompt.
      assertThat(w.engine().busy()).isFalse();
      assertThat(b.measure(1, List.of(AttentionMethod.RADIX)).getFirst())
          .doesNotContainKey("speedup");
    }
  }

  private static double value(Map<String, Object> row, String key) {
    return (double) Objects.requireNonNull(row.get(key));
  }
}

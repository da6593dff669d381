package org.deft4j.bench.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.deft4j.engine.json.JsonReader;
import org.deft4j.engine.json.JsonWriter;
import org.junit.jupiter.api.Test;

class ReportTest {
  private static final Chart LINES =
      new Chart(
          "latency-a.b_1",
          "A title",
          Chart.Kind.LINES,
          "iteration",
          "ms",
          List.of(new Chart.Series("flatten", List.of(1L, 2L), List.of(0.5, 1.25))));

  private static Report report() {
    Report report = new Report("replay");
    report.machine("device", "a \"quoted\" device").setting("samples", 3);
    report.add(Map.of("name", "one, two"));
    report.add(Map.of("name", "three", "value", 1.5));
    report.add(LINES);
    return report;
  }

  @Test
  void theDocumentSaysWhatItIs() {
    Object json = JsonReader.read(JsonWriter.document(report().toMap()));
    assertThat(json).isInstanceOf(Map.class);
    Map<?, ?> map = (Map<?, ?>) Objects.requireNonNull(json);
    assertThat(map.get("format")).isEqualTo("deft-bench");
    assertThat(map.get("version")).isEqualTo((long) Report.VERSION);
    assertThat(map.get("benchmark")).isEqualTo("replay");
    assertThat((Map<?, ?>) map.get("settings")).hasToString("{samples=3}");
    assertThat((List<?>) map.get("rows")).hasSize(2);
  }

  @Test
  void chartsComeBackFromTheDocument() {
    Object json = JsonReader.read(JsonWriter.document(report().toMap()));
    assertThat(Chart.read(json)).containsExactly(LINES);
  }

  @Test
  void whatIsNoReportIsRefused() {
    assertThatThrownBy(() -> Chart.read(JsonReader.read("{\"rows\": []}")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("format");
    String other =
        JsonWriter.document(report().toMap()).replace("\"version\": 1", "\"version\": 9");
    assertThatThrownBy(() -> Chart.read(JsonReader.read(other)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("version 9");
    String broken = JsonWriter.document(report().toMap()).replace("\"iteration\"", "7");
    assertThatThrownBy(() -> Chart.read(JsonReader.read(broken)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'x'");
  }

  @Test
  void aChartCannotNameAFileElsewhere() {
    assertThatThrownBy(
            () -> new Chart("../etc", "t", Chart.Kind.BARS, "x", "y", List.<Chart.Series>of()))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void csvQuotesAndLeavesGaps() {
    assertThat(report().csv()).isEqualTo("name,value\r\n\"one, two\",\r\nthree,1.5\r\n");
  }

  @Test
  void tablesAlignAndDashWhatIsMissing() {
    List<Column> columns =
        List.of(Column.text("name", "what"), Column.number("value", "how much", "%.2f"));
    assertThat(Report.head(columns)).isEqualTo("| what | how much |\n|---|--:|\n");
    assertThat(Report.line(columns, Map.of("name", "x", "value", 1.25)))
        .isEqualTo("| x | 1.25 |\n");
    assertThat(Report.line(columns, Map.of("name", "x", "value", Double.NaN)))
        .isEqualTo("| x | - |\n");
    assertThat(Report.line(columns, Map.of())).isEqualTo("| - | - |\n");
  }
}

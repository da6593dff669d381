package org.deft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;
import org.deft4j.cli.CliRunner.Outcome;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvalCommandTest {
  @TempDir Path temp;

  private Outcome eval(CliRunner cli, String... more) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "eval",
                "sorting",
                "--strategies",
                "greedy,best-of-n,tot-bfs/checker",
                "--budgets",
                "2^0..2^1",
                "--seeds",
                "2",
                "--problems",
                "3",
                "-T",
                "length=4",
                "--out",
                temp.resolve("e").toString()));
    args.addAll(List.of(more));
    return cli.run(args.toArray(String[]::new));
  }

  @Test
  void saysPlainlyWhenSearchIsNoBetter() throws IOException {
    Outcome o = eval(new CliRunner(temp));
    assertThat(o.code()).as(o.err()).isZero();
    assertThat(o.out())
        .contains("| greedy | 1 | 100.0 % |")
        .contains("does not beat it: the interval holds 0")
        .contains("Search did not beat the cheap baselines");
    Path folder = temp.resolve("e");
    assertThat(Files.readAllLines(folder.resolve("rows.jsonl"))).hasSize(1 + 3 * 2 * 2 * 3);
    assertThat(Files.readAllLines(folder.resolve("table.csv"))).hasSize(1 + 6);
    Outcome json = eval(new CliRunner(temp), "--json");
    assertThat(CliRunner.fields(json.json()))
        .contains("format", "version", "settings", "rows", "comparisons", "charts");
    List<?> lines = CliRunner.list(json.json(), "rows");
    assertThat(lines)
        .allSatisfy(l -> assertThat(CliRunner.number(CliRunner.map(l), "runs")).isEqualTo(6));
  }

  @Test
  void goesOnWhereItStopped() throws IOException {
    Outcome whole = eval(new CliRunner(temp), "--unit", "40");
    Path rows = temp.resolve("e").resolve("rows.jsonl");
    List<String> lines = Files.readAllLines(rows);
    // Rows are kept, not computed again: one that was changed by hand shows.
    List<String> half = new ArrayList<>(lines.subList(0, 9));
    half.set(1, half.get(1).replaceFirst("\"solved\":true", "\"solved\":false"));
    Files.writeString(rows, String.join("\n", half) + "\n{\"strat");
    Outcome rest = eval(new CliRunner(temp), "--unit", "40");
    assertThat(rest.code()).as(rest.err()).isZero();
    assertThat(Files.readAllLines(rows)).hasSameSizeAs(lines);
    assertThat(whole.out()).contains("| greedy | 1 | 100.0 % |");
    assertThat(rest.out()).contains("| greedy | 1 | 83.3 % |");
    Outcome other = eval(new CliRunner(temp), "--unit", "41");
    assertThat(other.code()).isEqualTo(2);
    assertThat(other.err()).contains("rows of another configuration").hasLineCount(1);
  }

  @Test
  void drawsChartsThatCanBeDrawnAgain() throws IOException {
    assertThat(eval(new CliRunner(temp)).code()).isZero();
    Path folder = temp.resolve("e");
    List<String> names =
        List.of(
            "covered-decoded.png",
            "solved-computed.png",
            "solved-decoded.png",
            "solved-kv.png",
            "solved-seconds.png");
    Outcome plot =
        new CliRunner(temp)
            .run(
                "plot",
                folder.resolve("table.json").toString(),
                "--out",
                temp.resolve("again").toString());
    assertThat(plot.code()).as(plot.err()).isZero();
    for (Path where : List.of(folder, temp.resolve("again"))) {
      for (String name : names) {
        BufferedImage image = ImageIO.read(where.resolve(name).toFile());
        assertThat(image.getWidth()).as(name).isEqualTo(1000);
      }
    }
  }

  @Test
  void theReferenceAnswersUseIsShownEverywhere() throws IOException {
    Outcome o = eval(new CliRunner(temp), "--strategies", "greedy,best-of-n/oracle");
    assertThat(o.code()).as(o.err()).isZero();
    assertThat(o.out()).contains("| best-of-n/oracle (oracle) | 2 |").contains("| greedy | 2 |");
    Path folder = temp.resolve("e");
    assertThat(Files.readAllLines(folder.resolve("table.csv")))
        .anyMatch(l -> l.startsWith("\"best-of-n/oracle\",2,6,true,"))
        .anyMatch(l -> l.startsWith("\"greedy\",2,6,false,"));
    assertThat(Files.readString(folder.resolve("table.json")))
        .contains("\"name\": \"best-of-n/oracle (oracle)\"");
    assertThat(Files.readAllLines(folder.resolve("rows.jsonl")))
        .anyMatch(l -> l.contains("best-of-n/oracle") && l.contains("\"oracle\":true"));
  }

  /** The unit is measured once: a resumed run takes that of its log. */
  @Test
  void theUnitIsThatOfTheLog() throws IOException {
    assertThat(eval(new CliRunner(temp), "--unit", "37").code()).isZero();
    Outcome again = eval(new CliRunner(temp));
    assertThat(again.code()).as(again.err()).isZero();
    assertThat(Files.readString(temp.resolve("e").resolve("table.json"))).contains("\"unit\": 37");
  }

  @Test
  void optionsOfEvaluatorsGoToThoseThatHaveThem() {
    Outcome o =
        eval(new CliRunner(temp), "--strategies", "greedy,best-of-n/ensemble", "-E", "of=checker");
    assertThat(o.code()).as(o.err()).isZero();
    Outcome none = eval(new CliRunner(temp), "-E", "nonsense=1");
    assertThat(none.code()).isEqualTo(2);
    assertThat(none.err()).contains("no evaluator").contains("nonsense").hasLineCount(1);
  }

  @Test
  void badArgumentsAreNamed() {
    Map<String, String> bad =
        Map.of("--budgets", "2^x", "--strategies", "a/b/c", "--seeds", "0", "--unit", "0");
    bad.forEach((option, value) -> {
      Outcome o = eval(new CliRunner(temp), option, value);
      assertThat(o.code()).as(option).isEqualTo(2);
      assertThat(o.err()).hasLineCount(1);
    });
  }
}

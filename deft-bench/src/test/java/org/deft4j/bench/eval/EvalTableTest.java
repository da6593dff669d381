package org.deft4j.bench.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class EvalTableTest {
  private static EvalRow row(String entry, int problem, int seed, boolean solved) {
    return new EvalRow(
        entry, 4, seed, "" + problem, solved, true, false, 10, 20, 30, 1, 5, "finished");
  }

  private static EvalTable table(double greedy, double search) {
    Random random = new Random(5);
    List<EvalRow> rows = new ArrayList<>();
    for (int p = 0; p < 60; p++) {
      for (int s = 0; s < 3; s++) {
        rows.add(row("greedy", p, s, random.nextDouble() < greedy));
        rows.add(row("beam", p, s, random.nextDouble() < search));
        rows.add(row("best-of-n", p, s, false));
      }
    }
    return EvalTable.of(
        rows,
        List.of(Entry.parse("greedy"), Entry.parse("best-of-n"), Entry.parse("beam")),
        List.of(4));
  }

  @Test
  void comparesWithTheBestBaselineByPairs() {
    EvalTable.Comparison better = table(.3, .7).comparisons().getFirst();
    assertThat(better.baseline()).isEqualTo(Entry.parse("greedy"));
    assertThat(better.difference()).isCloseTo(.4, within(.1));
    assertThat(better.low()).isPositive().isLessThan(better.difference());
    assertThat(better.verdict()).isEqualTo("beats it");
    assertThat(table(.5, .5).comparisons().getFirst().verdict()).startsWith("does not beat it");
    assertThat(table(.7, .3).comparisons().getFirst().verdict()).isEqualTo("is worse than it");
    assertThat(table(.7, .3).markdown()).contains("Search did not beat the cheap baselines");
    assertThat(table(.3, .7).markdown()).doesNotContain("Search did not beat");
  }

  @Test
  void oneProblemHasNoInterval() {
    EvalTable table =
        EvalTable.of(
            List.of(row("greedy", 0, 0, false), row("beam", 0, 0, true)),
            List.of(Entry.parse("greedy"), Entry.parse("beam")),
            List.of(4));
    assertThat(table.markdown())
        .contains(
            "| beam | 4 | 100.0 % | – | 100.0 % |", "+100.0 points; one problem tells nothing.")
        .doesNotContain("NaN", "Search did not beat");
    assertThat(table.csv()).contains("\"beam\",4,1,false,1.0000,,,1.0000,").doesNotContain("NaN");
  }

  @Test
  void theIntervalIsThatOfAMean() {
    // Of 400 fair coins the standard error is 0.025.
    double[] coins = new double[400];
    for (int i = 0; i < 200; i++) {
      coins[i] = 1;
    }
    Bootstrap.Interval i = Bootstrap.mean(coins);
    assertThat(i.mean()).isEqualTo(.5);
    assertThat(i.low()).isCloseTo(.5 - 1.96 * .025, within(.006));
    assertThat(i.high()).isCloseTo(.5 + 1.96 * .025, within(.006));
  }

  @Test
  void readsBudgetsAndEntries() {
    assertThat(Evaluation.budgets("2^0..2^3")).containsExactly(1, 2, 4, 8);
    assertThat(Evaluation.budgets("1, 6,2^4")).containsExactly(1, 6, 16);
    Entry e = Entry.parse("beam/judge:width=4:branch=2");
    assertThat(e.evaluator()).isEqualTo("judge");
    assertThat(Entry.parse(e.key())).isEqualTo(e);
    assertThatIllegalArgumentException().isThrownBy(() -> Entry.parse("beam:width"));
    assertThatIllegalArgumentException().isThrownBy(() -> Evaluation.budgets("2^40"));
  }
}

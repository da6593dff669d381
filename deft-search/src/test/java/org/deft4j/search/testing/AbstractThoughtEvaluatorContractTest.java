package org.deft4j.search.testing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.evaluate.Evaluation;
import org.deft4j.search.evaluate.Evaluation.Probe;
import org.deft4j.search.evaluate.Evaluation.Reading;
import org.deft4j.search.evaluate.ThoughtEvaluator;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.junit.jupiter.api.Test;

/** What every {@link ThoughtEvaluator} keeps. Extend it and give an evaluator and paths. */
public abstract class AbstractThoughtEvaluatorContractTest {
  /** The evaluator. */
  protected abstract ThoughtEvaluator create();

  /** A problem that it can work with. */
  protected abstract Problem problem();

  /** The problem's layout. */
  protected abstract PromptLayout layout();

  /** Paths from the root to living thoughts, at least two. */
  protected abstract List<List<Thought>> paths();

  private List<List<List<Thought>>> groups() {
    return create().joint() ? List.of(paths()) : paths().stream().map(List::of).toList();
  }

  private static List<Score> answer(Evaluation plan, Random random) {
    List<Reading> readings = new ArrayList<>();
    for (Probe probe : plan.probes()) {
      readings.add(
          switch (probe) {
            case Probe.Choice c ->
                new Reading(
                    c.question().answers().stream().map(a -> -9 * random.nextFloat()).toList(), "");
            case Probe.Write w -> new Reading(List.of(), "text " + random.nextInt(10));
            case Probe.Compute c -> compute(c);
          });
    }
    return List.copyOf(plan.fold().apply(readings));
  }

  private static Reading compute(Probe.Compute probe) {
    try {
      return probe.work().call();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void lateComputationsStillGiveAScore() {
    for (List<List<Thought>> group : groups()) {
      Evaluation plan = create().plan(problem(), layout(), group);
      if (plan.probes().stream().allMatch(Probe.Compute.class::isInstance)) {
        List<Reading> late = java.util.Collections.nCopies(plan.probes().size(), Reading.LATE);
        assertThat(plan.fold().apply(late)).hasSameSizeAs(group);
      }
    }
  }

  @Test
  void givesAScoreForEachThoughtUnderItsName() {
    for (List<List<Thought>> group : groups()) {
      for (int seed = 0; seed < 20; seed++) {
        List<Score> scores = answer(create().plan(problem(), layout(), group), new Random(seed));
        assertThat(scores).hasSameSizeAs(group).allMatch(s -> s.source().equals(create().name()));
      }
    }
  }

  @Test
  void equalReadingsGiveEqualScores() {
    for (List<List<Thought>> group : groups()) {
      assertThat(answer(create().plan(problem(), layout(), group), new Random(1)))
          .isEqualTo(answer(create().plan(problem(), layout(), group), new Random(1)));
    }
  }

  @Test
  void probesForkAtThoughtsOfThePathsAlone() {
    for (List<List<Thought>> group : groups()) {
      List<Long> known =
          group.stream().flatMap(List::stream).map(Thought::ordinal).distinct().toList();
      assertThat(create().plan(problem(), layout(), group).probes())
          .allMatch(probe -> known.contains(probe.at()));
    }
  }

  @Test
  void impossibleChoicesStillGiveAScore() {
    for (List<List<Thought>> group : groups()) {
      Evaluation plan = create().plan(problem(), layout(), group);
      List<Reading> readings = new ArrayList<>();
      for (Probe probe : plan.probes()) {
        int n = probe instanceof Probe.Choice c ? c.question().answers().size() : 0;
        readings.add(
            probe instanceof Probe.Compute c
                ? compute(c)
                : new Reading(java.util.Collections.nCopies(n, Float.NEGATIVE_INFINITY), "?"));
      }
      assertThat(plan.fold().apply(readings)).hasSameSizeAs(group);
    }
  }
}

package org.deft4j.search.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.evaluate.Evaluation.Reading;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Verdict;
import org.deft4j.search.testing.AbstractThoughtEvaluatorContractTest;
import org.deft4j.search.testing.LetterProblem;
import org.deft4j.search.testing.StrategySimulator;
import org.deft4j.tree.DeftException;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class EvaluatorsTest {
  private static final LetterProblem WORD = new LetterProblem(1, 2, "ab", true);

  static List<Thought> path(long ordinal, String word, double logProb) {
    Thought answer =
        new Thought(
            ordinal,
            0,
            1,
            "step",
            word,
            new ThoughtState.Answer(word),
            2,
            logProb,
            true,
            Optional.empty());
    return List.of(StrategySimulator.root(), answer);
  }

  /** The contract on three thoughts, two of them equal. */
  abstract static class Contract extends AbstractThoughtEvaluatorContractTest {
    @Override
    protected Problem problem() {
      return WORD;
    }

    @Override
    protected PromptLayout layout() {
      return WORD.layout(LetterProblem.CODEC);
    }

    @Override
    protected List<List<Thought>> paths() {
      return List.of(path(1, "ab", -1), path(2, "ac", -2), path(3, "ab", -3));
    }
  }

  @Nested
  class CheckerContract extends Contract {
    @Override
    protected ThoughtEvaluator create() {
      return new Checker();
    }
  }

  @Nested
  class LogProbContract extends Contract {
    @Override
    protected ThoughtEvaluator create() {
      return new LogProbEvaluator(true);
    }
  }

  @Nested
  class JudgeContract extends Contract {
    @Override
    protected ThoughtEvaluator create() {
      return new Judge();
    }
  }

  @Nested
  class VoteContract extends Contract {
    @Override
    protected ThoughtEvaluator create() {
      return new Vote();
    }
  }

  @Nested
  class AgreementContract extends Contract {
    @Override
    protected ThoughtEvaluator create() {
      return new Agreement();
    }
  }

  @Nested
  class ValueContract extends Contract {
    @Override
    protected ThoughtEvaluator create() {
      return new ValueEvaluator();
    }
  }

  @Nested
  class TournamentContract extends Contract {
    @Override
    protected ThoughtEvaluator create() {
      return new Tournament();
    }
  }

  @Nested
  class OracleContract extends Contract {
    @Override
    protected ThoughtEvaluator create() {
      return new Oracle();
    }
  }

  @Nested
  class ProgrammaticContract extends Contract {
    @Override
    protected ThoughtEvaluator create() {
      return program((problem, path) -> new Verdict(0, .25, false));
    }
  }

  @Nested
  class EnsembleContract extends Contract {
    @Override
    protected ThoughtEvaluator create() {
      return new Ensemble(
          List.of(
              new Ensemble.Member(new Judge(), 2),
              new Ensemble.Member(new ValueEvaluator(), 1),
              new Ensemble.Member(new Agreement(), 1)));
    }
  }

  @Nested
  class CachedContract extends Contract {
    @Override
    protected ThoughtEvaluator create() {
      return new Cached(new Judge(), 100);
    }
  }

  private static Programmatic program(Programmatic.Check check) {
    return new Programmatic("program", check, Duration.ofSeconds(10), false, false);
  }

  private static Evaluation plan(ThoughtEvaluator evaluator, List<List<Thought>> paths) {
    return evaluator.plan(WORD, WORD.layout(LetterProblem.CODEC), paths);
  }

  private static List<Score> written(ThoughtEvaluator evaluator, String... texts) {
    List<Reading> readings =
        java.util.Arrays.stream(texts).map(t -> new Reading(List.of(), t)).toList();
    return List.copyOf(plan(evaluator, List.of(path(1, "ab", 0))).fold().apply(readings));
  }

  @Test
  void valuesAreMeansOfTheLabelsWorth() {
    ValueEvaluator three = new ValueEvaluator(3, .7, 2);
    assertThat(written(three, "I say a", "B", "b it is"))
        .containsExactly(new Score(2 / 3.0, 1 / 18.0, 3, false, "value"));
    assertThat(written(three, "a", "who knows?", "c"))
        .as("an answer without a label does not count")
        .containsExactly(new Score(.5, .25, 2, false, "value"));
    assertThat(written(three, "", "", "")).containsExactly(new Score(0, false, "value"));
    assertThat(written(new ValueEvaluator(1, 0, .9), "a").getFirst().solved()).isTrue();
    assertThat(plan(three, List.of(path(1, "ab", 0))).probes()).hasSize(3);
  }

  @Test
  void aTournamentMeetsEveryPairInBothOrders() {
    List<List<Thought>> three = List.of(path(1, "ab", 0), path(2, "ac", 0), path(3, "bb", 0));
    Evaluation plan = plan(new Tournament(), three);
    assertThat(plan.probes()).hasSize(6);
    // ab beats ac by .9 and .7 (as seen from either side), ac beats bb for sure, bb ties with ab.
    float[] first = {.9f, .3f, 1, 0, .5f, .5f};
    List<Reading> readings = new ArrayList<>();
    for (float p : first) {
      readings.add(new Reading(List.of((float) Math.log(p), (float) Math.log(1 - p)), ""));
    }
    List<Score> scores = List.copyOf(plan.fold().apply(readings));
    // Pairs on the circle: (ab, ac), (ac, bb), (bb, ab).
    assertThat(scores.get(0).value()).isCloseTo((.8 + .5) / 2, within(1e-6));
    assertThat(scores.get(1).value()).isCloseTo((.2 + 1) / 2, within(1e-6));
    assertThat(scores.get(2).value()).isCloseTo((0 + .5) / 2, within(1e-6));
    assertThat(scores.get(0).samples()).isEqualTo(4);
  }

  @Test
  void aTournamentMayBeShort() {
    List<List<Thought>> many = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      many.add(path(i + 1, "" + (char) ('a' + i), 0));
    }
    assertThat(plan(new Tournament(2), many).probes()).hasSize(2 * 8);
    assertThat(plan(new Tournament(), many).probes()).hasSize(2 * 8 * 7 / 2);
  }

  @Test
  void theOracleSaysThatItIsOne() {
    assertThat(new Oracle().oracle()).isTrue();
    assertThat(scores(new Oracle(), List.of(path(1, "ab", 0))))
        .containsExactly(new Score(1, true, "oracle"));
    Ensemble with =
        new Ensemble(
            List.of(new Ensemble.Member(new Judge(), 1), new Ensemble.Member(new Oracle(), 1)));
    assertThat(with.oracle()).isTrue();
    assertThat(new Cached(new Oracle(), 9).oracle()).isTrue();
  }

  @Test
  void anEnsembleIsTheWeightedMean() {
    Ensemble two =
        new Ensemble(
            List.of(
                new Ensemble.Member(new Checker(), 3),
                new Ensemble.Member(new LogProbEvaluator(true), 1)));
    Score score = scores(two, List.of(path(1, "ac", -2))).getFirst();
    double mean = (3 * .5 + Math.exp(-1)) / 4;
    assertThat(score.value()).isCloseTo(mean, within(1e-12));
    assertThat(score.variance())
        .isCloseTo(
            .75 * Math.pow(.5 - mean, 2) + .25 * Math.pow(Math.exp(-1) - mean, 2), within(1e-12));
    assertThat(scores(two, List.of(path(1, "ab", -2))).getFirst().solved())
        .as("the checker proves it")
        .isTrue();
  }

  @Test
  void aKnownScoreIsNotAskedForAgain() {
    Cached cached = new Cached(new Judge(), 100);
    List<List<Thought>> one = List.of(path(1, "ab", 0));
    Score score = scores(cached, one, -1f, -2f).getFirst();
    Evaluation again = plan(cached, List.of(path(7, "ab", 0)));
    assertThat(again.probes()).isEmpty();
    assertThat(List.<Score>copyOf(again.fold().apply(List.of()))).containsExactly(score);
    assertThat(plan(cached, List.of(path(8, "ac", 0))).probes()).hasSize(1);
    assertThatThrownBy(() -> new Cached(new Vote(), 9)).hasMessageContaining("vote");
  }

  private static List<Score> scores(
      ThoughtEvaluator evaluator, List<List<Thought>> paths, Float... logProbs) {
    Evaluation plan = evaluator.plan(WORD, WORD.layout(LetterProblem.CODEC), paths);
    List<Reading> readings = new ArrayList<>();
    if (!plan.probes().isEmpty()) {
      readings.add(new Reading(List.of(logProbs), ""));
    }
    return List.copyOf(plan.fold().apply(readings));
  }

  @Test
  void checkerProvesAndIsNoOracle() {
    Checker checker = new Checker();
    assertThat(checker.proves()).isTrue();
    assertThat(checker.oracle()).isFalse();
    assertThat(scores(checker, List.of(path(1, "ab", 0))))
        .containsExactly(new Score(1, true, "checker"));
    assertThat(scores(checker, List.of(path(1, "ac", 0))))
        .containsExactly(new Score(.5, false, "checker"));
  }

  @Test
  void judgeComparesYesWithNo() {
    List<List<Thought>> one = List.of(path(1, "ab", 0));
    float third = (float) Math.log(.3);
    float tenth = (float) Math.log(.1);
    Score score = scores(new Judge(.7), one, third, tenth).getFirst();
    assertThat(score.value()).isCloseTo(.75, within(1e-6));
    assertThat(score.solved()).isTrue();
    assertThat(scores(new Judge(.8), one, third, tenth).getFirst().solved()).isFalse();
    assertThat(scores(new Judge(2), one, 0f, -1000f).getFirst().solved()).isFalse();
  }

  @Test
  void voteSharesAreProbabilitiesAndEqualThoughtsVoteAsOne() {
    List<List<Thought>> three = List.of(path(1, "ab", 0), path(2, "ac", 0), path(3, "ab", 0));
    List<Score> shares = scores(new Vote(), three, (float) Math.log(.6), (float) Math.log(.2));
    assertThat(shares.get(0).value()).isCloseTo(.75, within(1e-6));
    assertThat(shares.get(1).value()).isCloseTo(.25, within(1e-6));
    assertThat(shares.get(2)).isEqualTo(shares.get(0));
    assertThat(scores(new Vote(), List.of(path(1, "ab", 0))))
        .containsExactly(new Score(1, false, "vote"));
  }

  @Test
  void agreementCountsEqualThoughts() {
    List<List<Thought>> three = List.of(path(1, "ab", 0), path(2, "ac", 0), path(3, "ab", 0));
    assertThat(scores(new Agreement(), three).stream().map(Score::value))
        .containsExactly(2 / 3.0, 1 / 3.0, 2 / 3.0);
  }

  @Test
  void logProbabilitiesAreSummedOrAveraged() {
    List<List<Thought>> one = List.of(path(1, "ab", -3));
    assertThat(scores(new LogProbEvaluator(true), one).getFirst().value())
        .isCloseTo(Math.exp(-1.5), within(1e-12));
    assertThat(scores(new LogProbEvaluator(false), one).getFirst().value())
        .isCloseTo(Math.exp(-3), within(1e-12));
    assertThatThrownBy(() -> scores(new LogProbEvaluator(true), List.of(path(1, "x", Double.NaN))))
        .isInstanceOf(DeftException.class);
  }
}

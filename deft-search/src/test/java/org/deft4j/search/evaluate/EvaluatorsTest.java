package org.deft4j.search.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.evaluate.Evaluation.Reading;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
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

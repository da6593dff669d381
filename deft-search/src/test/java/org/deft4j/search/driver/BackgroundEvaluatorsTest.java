package org.deft4j.search.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.evaluate.Programmatic;
import org.deft4j.search.evaluate.RewardModel;
import org.deft4j.search.evaluate.ThoughtEvaluator;
import org.deft4j.search.evaluate.ValueEvaluator;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Question;
import org.deft4j.search.spi.Verdict;
import org.deft4j.search.strategy.Beam;
import org.deft4j.search.strategy.BestOfN;
import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.search.testing.LetterProblem;
import org.deft4j.testing.ScriptedDecoder;
import org.deft4j.tree.decode.TokenCodec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Evaluators that work beside the search's decoder. */
@Timeout(60)
class BackgroundEvaluatorsTest {
  private static final LetterProblem WORD = new LetterProblem(2, 2, "abca", false);

  private static SearchResult run(SearchStrategy strategy, ThoughtEvaluator evaluator) {
    try (ScriptedDecoder decoder = LetterProblem.decoder(4)) {
      SearchResult result =
          new SearchDriver(decoder).run(SearchRequest.of(WORD, strategy).withEvaluator(evaluator));
      assertThat(decoder.nodeCount()).isZero();
      return result;
    }
  }

  private static Programmatic program(Programmatic.Check check, Duration limit) {
    return new Programmatic("program", check, limit, true, false);
  }

  @Test
  void aProgramScoresOnVirtualThreads() {
    AtomicBoolean virtual = new AtomicBoolean(true);
    SearchResult result =
        run(
            new BestOfN(),
            program(
                (problem, path) -> {
                  virtual.compareAndSet(true, Thread.currentThread().isVirtual());
                  return problem.verify(path.getLast().answer().orElse("")).orElseThrow();
                },
                Duration.ofSeconds(30)));
    assertThat(virtual).isTrue();
    double best =
        result.thoughts().stream()
            .flatMap(t -> t.answer().stream())
            .mapToDouble(a -> WORD.verify(a).orElseThrow().score())
            .max()
            .orElseThrow();
    assertThat(result.score().map(Score::value).orElse(-1.0)).isCloseTo(best, within(1e-6));
  }

  @Test
  void severalRunAtOnce() {
    // Each waits until all eight have begun: one after another would never end.
    CountDownLatch all = new CountDownLatch(8);
    SearchResult result =
        run(
            new BestOfN(),
            program(
                (problem, path) -> {
                  all.countDown();
                  all.await();
                  return new Verdict(0, .5, false);
                },
                Duration.ofSeconds(30)));
    assertThat(result.score().map(Score::value)).contains(.5);
  }

  @Test
  void whatTakesTooLongIsInterruptedAndScoresNothing() throws InterruptedException {
    CountDownLatch interrupted = new CountDownLatch(8);
    SearchResult result =
        run(
            new BestOfN(),
            program(
                (problem, path) -> {
                  try {
                    Thread.sleep(Duration.ofDays(1));
                  } catch (InterruptedException e) {
                    interrupted.countDown();
                  }
                  return new Verdict(0, 1, true);
                },
                Duration.ofMillis(50)));
    assertThat(result.score()).contains(new Score(0, false, "program"));
    interrupted.await();
  }

  @Test
  void aBrokenProgramEndsTheSearchWithItsReason() {
    assertThatThrownBy(() ->
            run(
                new BestOfN(),
                program(
                    (problem, path) -> {
                      throw new IllegalStateException("no such solver");
                    },
                    Duration.ofSeconds(5))))
        .hasMessageContaining("no such solver");
  }

  @Test
  void aProofCancelsWhatStillRuns() {
    AtomicInteger begun = new AtomicInteger();
    SearchResult result =
        run(
            new BestOfN(),
            program(
                (problem, path) -> {
                  if (begun.incrementAndGet() == 1) {
                    return new Verdict(0, 1, true);
                  }
                  Thread.sleep(Duration.ofDays(1));
                  return new Verdict(0, 0, false);
                },
                Duration.ofDays(2)));
    assertThat(result.stopped()).isEqualTo(StopReason.SOLVED);
  }

  @Test
  void opinionsAreSampledAndAveraged() {
    SearchResult result = run(new BestOfN(), new ValueEvaluator(4, 1, 2));
    assertThat(result.tokens().evaluator()).isEqualTo(8 * 4);
    assertThat(result.score().map(Score::samples)).contains(4);
    assertThat(result.score().map(Score::variance).orElse(-1.0)).isNotNegative();
  }

  /** Reads steps letter by letter and asks with a tag. */
  private static final RewardModel.Format FORMAT =
      new RewardModel.Format() {
        @Override
        public int[] problem(Problem problem, TokenCodec codec) {
          return codec.encodePrompt("<|bos|>word", false);
        }

        @Override
        public int[] step(Thought step, TokenCodec codec) {
          return codec.encode(step.text());
        }

        @Override
        public Question question(TokenCodec codec) {
          return new Question(
              List.of(LetterProblem.token("<|judge|>")),
              List.of(LetterProblem.token("<|yes|>"), LetterProblem.token("<|no|>")));
        }
      };

  @Test
  void aRewardModelComputesEachStepOnce() {
    try (ScriptedDecoder second = LetterProblem.decoder(9);
        RewardModel reward = new RewardModel(second, FORMAT, 1000, Duration.ofSeconds(30))) {
      SearchResult result =
          run(new Beam(new Beam.Config(2, 3, 9, 1, Beam.Aggregate.LAST, 0)), reward);
      List<Thought> scored = result.thoughts().stream().filter(t -> t.score().isPresent()).toList();
      assertThat(scored).isNotEmpty();
      long paths = scored.stream().map(t -> pathOf(result, t)).distinct().count();
      // The problem, two letters a distinct step, and the question's tag each time it is asked.
      assertThat(second.stats().prefilledTokens()).isEqualTo(5 + 2 * paths + scored.size());
      for (Thought t : scored) {
        assertThat(t.score().orElseThrow().value())
            .isCloseTo(alone(pathOf(result, t)), within(1e-6));
      }
    }
  }

  private static List<String> pathOf(SearchResult result, Thought t) {
    List<String> texts = new ArrayList<>();
    for (Thought at = t; !at.isRoot(); ) {
      texts.addFirst(at.text());
      long parent = at.parent();
      at = result.thoughts().stream().filter(x -> x.ordinal() == parent).findFirst().orElseThrow();
    }
    return texts;
  }

  /** The same score, of a fresh decoder that reads the whole text. */
  private static double alone(List<String> steps) {
    try (ScriptedDecoder fresh = LetterProblem.decoder(9)) {
      String text = "<|bos|>word" + String.join("", steps) + "<|judge|>";
      var root = fresh.root(LetterProblem.CODEC.encodePrompt(text, false));
      var leaf = fresh.fork(root, 1).getFirst();
      fresh.choices(
          leaf, new int[] {LetterProblem.token("<|yes|>"), LetterProblem.token("<|no|>")});
      double[] p = new double[1];
      while (fresh.busy()) {
        fresh.step(e -> {
          if (e instanceof org.deft4j.tree.decode.DecodeEvent.Chosen c) {
            p[0] = 1 / (1 + Math.exp(c.logProbs()[1] - c.logProbs()[0]));
          }
        });
      }
      return p[0];
    }
  }

  @Test
  void theMirrorIsBounded() {
    try (ScriptedDecoder second = LetterProblem.decoder(9)) {
      RewardModel reward = new RewardModel(second, FORMAT, 3, Duration.ofSeconds(30));
      run(new BestOfN(new BestOfN.Config(12, 9, 2, false)), reward);
      assertThat(reward.size()).isLessThanOrEqualTo(3);
      reward.close();
      assertThat(second.nodeCount()).isZero();
      assertThat(Arrays.asList(reward.size())).containsExactly(0);
    }
  }
}

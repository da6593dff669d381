package org.deft4j.search.budget;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.evaluate.Evaluation;
import org.deft4j.search.evaluate.Judge;
import org.deft4j.search.evaluate.ThoughtEvaluator;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Stage;
import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.search.strategy.ThoughtGenerator;
import java.util.concurrent.atomic.AtomicLong;
import org.deft4j.search.driver.SearchDriver;
import org.deft4j.search.driver.SearchRequest;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.driver.StopReason;
import org.deft4j.search.evaluate.Checker;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.strategy.TotBfs;
import org.deft4j.search.testing.LetterProblem;
import org.deft4j.testing.ScriptedDecoder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BudgetTest {
  /** 64 branches of 5 tokens a level that nothing ever solves. */
  private static SearchRequest wide() {
    return SearchRequest.of(
            new LetterProblem(2, 5, "never", true),
            new TotBfs(new TotBfs.Config(64, 0, 8, 4, 1, TotBfs.Generate.SAMPLE, false, .5)))
        .withEvaluator(new Checker());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 4, 5, 63, 64, 65, 319, 320, 321, 500, 777, 1000})
  void tokensAreNeverOvershotAt64Branches(long limit) {
    try (ScriptedDecoder decoder = LetterProblem.decoder(limit)) {
      AtomicLong sampled = new AtomicLong();
      SearchResult result =
          new SearchDriver(decoder)
              .run(
                  wide()
                      .withBudget(SearchBudget.UNLIMITED.withDecodeTokens(limit))
                      .withListener(e -> {
                        if (e instanceof SearchEvent.TokenBatch b) {
                          assertThat(sampled.addAndGet(b.samples().size()))
                              .isLessThanOrEqualTo(limit);
                        }
                      }));
      assertThat(decoder.stats().decodedTokens()).isEqualTo(result.tokens().decoded());
      assertThat(result.tokens().decoded()).as("all of it is used").isEqualTo(limit);
      assertThat(result.stopped()).isEqualTo(StopReason.TOKEN_BUDGET);
      assertThat(decoder.nodeCount()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 63, 64, 65, 100, 130})
  void nodesAreNeverOvershotAt64Branches(long limit) {
    try (ScriptedDecoder decoder = LetterProblem.decoder(limit)) {
      SearchResult result =
          new SearchDriver(decoder).run(wide().withBudget(SearchBudget.UNLIMITED.withNodes(limit)));
      assertThat(result.tree().nodes()).isEqualTo((int) limit);
      assertThat(result.stopped()).isEqualTo(StopReason.NODE_BUDGET);
      assertThat(result.answer().isPresent()).isEqualTo(limit > 64);
    }
  }

  @Test
  void theMeterGrantsAllOrNothingWhileOthersMayGiveBack() {
    BudgetMeter meter = new BudgetMeter(SearchBudget.UNLIMITED.withDecodeTokens(100));
    assertThat(meter.reserveTokens(60)).isEqualTo(60);
    assertThat(meter.reserveTokens(60)).isZero();
    assertThat(meter.tokensOpen()).isTrue();
    assertThat(meter.reserveTokens(40)).isEqualTo(40);
    meter.settleTokens(60, 10);
    meter.settleTokens(40, 40);
    assertThat(meter.tokensLeft()).isEqualTo(50);
    assertThat(meter.reserveTokens(60)).as("the rest").isEqualTo(50);
    meter.settleTokens(50, 50);
    assertThat(meter.reserveTokens(1)).isZero();
    assertThat(meter.tokensOpen()).isFalse();
    assertThat(meter.tokensSpent()).isEqualTo(100);
    assertThatIllegalArgumentException().isThrownBy(() -> meter.settleTokens(1, 2));
  }

  @Test
  void theMeterGrantsNodesInPart() {
    BudgetMeter meter = new BudgetMeter(SearchBudget.UNLIMITED.withNodes(5));
    assertThat(meter.reserveNodes(3)).isEqualTo(3);
    assertThat(meter.reserveNodes(3)).isEqualTo(2);
    meter.settleNodes(3, 1);
    assertThat(meter.nodesLeft()).isEqualTo(2);
    assertThat(meter.nodesMade()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(longs = {3, 10, 50, 100})
  void computedPromptTokensAreNeverOvershot(long limit) {
    try (ScriptedDecoder decoder = LetterProblem.decoder(limit)) {
      SearchResult result =
          new SearchDriver(decoder)
              .run(
                  SearchRequest.of(
                          new LetterProblem(2, 5, "never", true),
                          new TotBfs(
                              new TotBfs.Config(
                                  64, 0, 8, 4, 1, TotBfs.Generate.SAMPLE, false, .5)))
                      .withEvaluator(new Judge(2))
                      .withBudget(SearchBudget.UNLIMITED.withPrefillTokens(limit)));
      // A branch that begins at a thought computes that thought's last token: no prompt's.
      assertThat(result.tokens().prefilled()).isLessThanOrEqualTo(limit);
      assertThat(result.stopped()).isEqualTo(StopReason.PREFILL_BUDGET);
      assertThat(decoder.nodeCount()).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 7, 50, 64, 200})
  void evaluatorTokensAreNeverOvershotAt64Branches(long limit) {
    try (ScriptedDecoder decoder = LetterProblem.decoder(limit)) {
      AtomicLong sampled = new AtomicLong();
      SearchResult result =
          new SearchDriver(decoder)
              .run(
                  wide()
                      .withEvaluator(new Talker())
                      .withBudget(SearchBudget.UNLIMITED.withEvaluatorTokens(limit))
                      .withListener(e -> {
                        if (e instanceof SearchEvent.TokenBatch b) {
                          sampled.addAndGet(
                              b.samples().stream().filter(s -> s.branch() < 0).count());
                          assertThat(sampled.get()).isLessThanOrEqualTo(limit);
                        }
                      }));
      assertThat(result.tokens().evaluator()).isEqualTo(sampled.get()).isEqualTo(limit);
      assertThat(decoder.nodeCount()).isZero();
    }
  }

  /** An evaluator that writes five tokens and likes all alike. */
  private static final class Talker implements ThoughtEvaluator {
    @Override
    public String name() {
      return "talker";
    }

    @Override
    public boolean oracle() {
      return false;
    }

    @Override
    public Evaluation plan(Problem problem, PromptLayout layout, List<List<Thought>> paths) {
      Stage stage = new Stage("talk", List.of(), 5, List.of(), List.of());
      return new Evaluation(
          List.of(
              new Evaluation.Probe.Write(
                  paths.getFirst().getLast().ordinal(),
                  stage,
                  ThoughtGenerator.sample(1).sampling())),
          readings -> List.of(new Score(.5, false, "talker")));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3})
  void noPathIsDeeperThanAllowed(int limit) {
    try (ScriptedDecoder decoder = LetterProblem.decoder(limit)) {
      SearchResult result =
          new SearchDriver(decoder).run(wide().withBudget(SearchBudget.UNLIMITED.withDepth(limit)));
      assertThat(result.tree().depth()).isEqualTo(limit);
      assertThat(result.stopped()).isEqualTo(StopReason.DEPTH_BUDGET);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {40, 60, 200, 500})
  void keysAndValuesAreNeverOvershotAt64Branches(long tokens) {
    long limit = tokens * ScriptedDecoder.TOKEN_BYTES;
    try (ScriptedDecoder decoder = LetterProblem.decoder(tokens)) {
      SearchResult free;
      try (ScriptedDecoder other = LetterProblem.decoder(tokens)) {
        free = new SearchDriver(other).run(wide().ordered(8));
      }
      SearchResult result =
          new SearchDriver(decoder)
              .run(
                  wide()
                      .ordered(8)
                      .withBudget(SearchBudget.UNLIMITED.withKvBytes(limit))
                      .withListener(e -> {
                        if (e instanceof SearchEvent.Stepped || e instanceof SearchEvent.TokenBatch) {
                          assertThat(decoder.stats().kvBytes()).isLessThanOrEqualTo(limit);
                        }
                      }));
      assertThat(result.treeHash())
          .as("thoughts that gave up their keys and values are computed again")
          .isEqualTo(free.treeHash());
      assertThat(decoder.nodeCount()).isZero();
    }
  }

  @Test
  void aSoftLimitTellsTheStrategyOnce() {
    try (ScriptedDecoder decoder = LetterProblem.decoder(1)) {
      List<SearchEvent> soft = new ArrayList<>();
      AtomicLong finishes = new AtomicLong();
      SearchStrategy tree =
          new TotBfs(new TotBfs.Config(64, 0, 8, 4, 1, TotBfs.Generate.SAMPLE, false, .5));
      SearchStrategy counted =
          (SearchStrategy)
              java.lang.reflect.Proxy.newProxyInstance(
                  SearchStrategy.class.getClassLoader(),
                  new Class<?>[] {SearchStrategy.class},
                  (_, method, args) -> {
                    finishes.addAndGet(method.getName().equals("finish") ? 1 : 0);
                    return method.invoke(tree, args);
                  });
      SearchResult result =
          new SearchDriver(decoder)
              .run(
                  SearchRequest.of(new LetterProblem(2, 5, "never", true), counted)
                      .withEvaluator(new Checker())
                      .withBudget(SearchBudget.UNLIMITED.withNodes(200).withSoft(.5))
                      .withListener(e -> {
                        if (e instanceof SearchEvent.SoftLimit) {
                          soft.add(e);
                        }
                      }));
      assertThat(soft).containsExactly(new SearchEvent.SoftLimit(StopReason.NODE_BUDGET));
      assertThat(finishes).hasValue(1);
      assertThat(result.tree().nodes()).isEqualTo(200);
    }
  }

  @Test
  void limitsArePositive() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SearchBudget.UNLIMITED.withDecodeTokens(0));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SearchBudget.UNLIMITED.withTime(Duration.ZERO));
    BudgetMeter meter = new BudgetMeter(SearchBudget.UNLIMITED.withTime(Duration.ofNanos(5)));
    assertThat(meter.timeUp(4)).isFalse();
    assertThat(meter.timeUp(5)).isTrue();
  }
}

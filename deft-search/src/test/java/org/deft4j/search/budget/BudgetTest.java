package org.deft4j.search.budget;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
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

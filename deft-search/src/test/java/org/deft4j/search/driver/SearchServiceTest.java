package org.deft4j.search.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.deft4j.search.Thought;
import org.deft4j.search.budget.SearchBudget;
import org.deft4j.search.evaluate.Judge;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.strategy.BestOfN;
import org.deft4j.search.strategy.Greedy;
import org.deft4j.search.strategy.TotBfs;
import org.deft4j.search.testing.LetterProblem;
import org.deft4j.testing.ScriptedDecoder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class SearchServiceTest {
  private static final LetterProblem WORD = new LetterProblem(3, 2, "aabbcc", true);
  private static final LetterProblem LONG = new LetterProblem(4000, 1, "z".repeat(4000), false);

  private static SearchRequest tot(int seed) {
    return SearchRequest.of(
            WORD, new TotBfs(new TotBfs.Config(8, 0, 2, 6, 1, TotBfs.Generate.SAMPLE, true, .5)))
        .withEvaluator(new Judge(2))
        .withSeed(seed)
        .ordered(8);
  }

  @Test
  void manyThreadsShareOneDecoder() throws Exception {
    List<String> alone = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      try (ScriptedDecoder decoder = LetterProblem.decoder(4)) {
        alone.add(new SearchDriver(decoder).run(tot(i)).treeHash());
      }
    }
    try (ScriptedDecoder decoder = LetterProblem.decoder(4)) {
      String[] together = new String[20];
      try (SearchService service = new SearchService(decoder, 16)) {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
          int seed = i;
          threads.add(
              Thread.ofVirtual()
                  .start(
                      () -> together[seed] = service.submit(tot(seed)).result().join().treeHash()));
        }
        for (Thread t : threads) {
          t.join();
        }
      }
      assertThat(together).containsExactlyElementsOf(alone);
      assertThat(decoder.nodeCount()).isZero();
    }
  }

  @Test
  void aStreamTellsTheSearchUntilItsEnd() {
    try (ScriptedDecoder decoder = LetterProblem.decoder(4);
        SearchService service = new SearchService(decoder)) {
      CountDownLatch reading = new CountDownLatch(1);
      // The listener holds the search until the stream is there.
      SearchHandle handle =
          service.submit(
              tot(1)
                  .withListener(e -> {
                    if (e instanceof SearchEvent.Started) {
                      await(reading);
                    }
                  }));
      var stream = handle.stream();
      reading.countDown();
      List<SearchEvent> events = stream.toList();
      SearchResult result = handle.result().join();
      assertThat(events.getLast()).isEqualTo(new SearchEvent.Finished(result));
      assertThat(events.stream().filter(SearchEvent.ThoughtAdded.class::isInstance))
          .hasSize(result.tree().nodes());
      assertThat(handle.stream()).isEmpty();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void aPausedSearchStandsAndGoesOnElsewhereFromItsSnapshot() {
    SearchResult undisturbed;
    try (ScriptedDecoder decoder = LetterProblem.decoder(4)) {
      undisturbed = new SearchDriver(decoder).run(tot(2));
    }
    Recording snapshot;
    try (ScriptedDecoder decoder = LetterProblem.decoder(4);
        SearchService service = new SearchService(decoder)) {
      CountDownLatch stopped = new CountDownLatch(1);
      SearchHandle[] handle = new SearchHandle[1];
      CountDownLatch ready = new CountDownLatch(1);
      handle[0] =
          service.submit(
              tot(2)
                  .withListener(e -> {
                    if (e instanceof SearchEvent.ThoughtAdded t && t.thought().ordinal() == 3) {
                      await(ready);
                      handle[0].pause();
                    }
                    if (e instanceof SearchEvent.Paused) {
                      stopped.countDown();
                    }
                  }));
      ready.countDown();
      await(stopped);
      snapshot = handle[0].snapshot();
      assertThat(handle[0].result()).isNotDone();
      assertThat(snapshot.stopped()).isEmpty();
      // Another search runs while this one stands.
      assertThat(service.submit(tot(3)).result().join().stopped()).isEqualTo(StopReason.FINISHED);
      assertThat(handle[0].result()).isNotDone();
      handle[0].resume();
      assertThat(handle[0].result().join().treeHash()).isEqualTo(undisturbed.treeHash());
    }
    try (ScriptedDecoder decoder = LetterProblem.decoder(4)) {
      SearchResult elsewhere = new SearchDriver(decoder).run(tot(2).after(snapshot));
      assertThat(elsewhere.treeHash()).isEqualTo(undisturbed.treeHash());
      assertThat(decoder.stats().decodedTokens()).isLessThan(undisturbed.tokens().decoded());
    }
  }

  @Test
  void cancelEndsOneSearchAndCloseTheRest() {
    try (ScriptedDecoder decoder = LetterProblem.decoder(4)) {
      SearchHandle[] second = new SearchHandle[1];
      CountDownLatch cancelled = new CountDownLatch(1);
      CountDownLatch known = new CountDownLatch(1);
      try (SearchService service = new SearchService(decoder)) {
        // Neither comes to an end of its own, however late this thread is: the first waits until it
        // is cancelled, the second pauses.
        SearchHandle first =
            service.submit(
                SearchRequest.of(LONG, new Greedy())
                    .withListener(e -> {
                      if (e instanceof SearchEvent.ThoughtAdded t && t.thought().ordinal() == 1) {
                        await(cancelled);
                      }
                    }));
        second[0] =
            service.submit(
                SearchRequest.of(LONG, new Greedy())
                    .withSeed(1)
                    .withListener(e -> {
                      if (e instanceof SearchEvent.ThoughtAdded t && t.thought().ordinal() == 1) {
                        await(known);
                        second[0].pause();
                      }
                    }));
        known.countDown();
        first.cancel();
        cancelled.countDown();
        assertThat(first.result().join().stopped()).isEqualTo(StopReason.CANCELLED);
      }
      assertThat(second[0].result().join().stopped()).isEqualTo(StopReason.CANCELLED);
      assertThat(decoder.nodeCount()).isZero();
    }
  }

  @Test
  void whatFollowsAResultMayWaitForAnotherSearch() throws Exception {
    try (ScriptedDecoder decoder = LetterProblem.decoder(4);
        SearchService service = new SearchService(decoder)) {
      String second =
          service
              .submit(tot(1))
              .result()
              .thenApply(_ -> service.submit(tot(2)).result().join().treeHash())
              .get(60, TimeUnit.SECONDS);
      assertThat(second).isEqualTo(service.submit(tot(2)).result().join().treeHash());
    }
  }

  /** However a submission and the end meet, the handle completes or the call is refused. */
  @Test
  void submittingToAServiceThatClosesNeverHangs() throws Exception {
    int refused = 0;
    for (int i = 0; i < 300; i++) {
      try (ScriptedDecoder decoder = LetterProblem.decoder(4)) {
        SearchService service = new SearchService(decoder);
        Thread closer = Thread.ofPlatform().start(service::close);
        try {
          for (int k = 0; k < 50; k++) {
            service.submit(tot(k)).result().handle((r, e) -> "").get(60, TimeUnit.SECONDS);
          }
        } catch (IllegalStateException closed) {
          refused++;
        }
        closer.join();
        assertThat(decoder.nodeCount()).isZero();
      }
    }
    assertThat(refused).isPositive();
  }

  @Test
  void ofPauseAndResumeAtOnceTheLaterHolds() throws Exception {
    try (ScriptedDecoder decoder = LetterProblem.decoder(4);
        SearchService service = new SearchService(decoder)) {
      for (int i = 0; i < 200; i++) {
        SearchHandle handle = service.submit(tot(i));
        Thread other = Thread.ofVirtual().start(handle::pause);
        handle.pause();
        handle.resume();
        other.join();
        handle.resume();
        handle.result().get(60, TimeUnit.SECONDS);
      }
    }
  }

  @Test
  void aListenerCannotCloseItsService() {
    try (ScriptedDecoder decoder = LetterProblem.decoder(4);
        SearchService service = new SearchService(decoder)) {
      SearchHandle handle = service.submit(tot(1).withListener(e -> service.close()));
      assertThatThrownBy(() -> handle.result().join())
          .hasCauseInstanceOf(IllegalStateException.class)
          .hasMessageContaining("cannot close the service");
    }
  }

  @Test
  void whatDoesNotFitFailsItsOwnHandle() {
    try (ScriptedDecoder decoder = LetterProblem.decoder(4);
        SearchService service = new SearchService(decoder)) {
      SearchHandle bad = service.submit(SearchRequest.of(WORD, new BestOfN()));
      assertThatThrownBy(() -> bad.result().join())
          .isInstanceOf(CompletionException.class)
          .hasMessageContaining("needs an evaluator");
      assertThat(service.submit(tot(1)).result().join().best()).isNotEmpty();
    }
  }

  @Test
  void aFullDecoderIsSharedByWeight() {
    // Each search could fill all 8 places alone.
    LetterProblem steps = new LetterProblem(60, 1, "z".repeat(60), false);
    try (ScriptedDecoder decoder = LetterProblem.decoder(4)) {
      SearchDriver driver = new SearchDriver(decoder, 8, System::nanoTime);
      List<Search> searches = new ArrayList<>();
      for (int weight : new int[] {1, 3}) {
        searches.add(
            driver.submit(
                SearchRequest.of(steps, new BestOfN(new BestOfN.Config(64, 64, 1, false)))
                    .withEvaluator(new Judge(2))
                    .withWeight(weight)));
      }
      for (int i = 0; i < 150; i++) {
        assertThat(driver.step()).isTrue();
      }
      double share =
          searches.get(1).served() / (double) (searches.get(0).served() + searches.get(1).served());
      assertThat(share).isCloseTo(.75, within(.03));
      // The place of one that ends goes to the other.
      searches.get(1).cancel();
      long before = searches.get(0).served();
      for (int i = 0; i < 5; i++) {
        assertThat(driver.step()).isTrue();
      }
      assertThat(searches.get(0).served() - before).isEqualTo(5 * 8);
      searches.get(0).cancel();
      while (driver.step()) {}
      assertThat(decoder.nodeCount()).isZero();
    }
  }

  @Test
  void aNarrowDecoderStarvesNobody() {
    try (ScriptedDecoder decoder = LetterProblem.decoder(4)) {
      SearchDriver driver = new SearchDriver(decoder, 1, System::nanoTime);
      List<Search> searches = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        searches.add(
            driver.submit(
                tot(i).ordered(0).withBudget(SearchBudget.UNLIMITED.withDecodeTokens(200))));
      }
      while (driver.step()) {}
      for (Search s : searches) {
        assertThat(s.result().orElseThrow().best()).extracting(Thought::ordinal).isNotEmpty();
      }
    }
  }
}

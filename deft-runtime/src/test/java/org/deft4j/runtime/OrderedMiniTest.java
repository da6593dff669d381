package org.deft4j.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Set;
import org.deft4j.search.driver.SearchDriver;
import org.deft4j.search.driver.SearchResult;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The shipped model, ordered and deterministic: one tree at any width and with any threads. */
@Tag("slow")
class OrderedMiniTest {
  @ParameterizedTest
  @CsvSource({"tot-bfs, checker", "beam, judge", "best-of-n, log-prob", "best-first, judge"})
  void oneTreeForAllBatchesAndThreads(String strategy, String evaluator) {
    Set<String> hashes = new HashSet<>();
    for (int threads : new int[] {1, 2, 5}) {
      DeftOptions options =
          DeftOptions.of("deft-mini")
              .withEngine(e -> e.withThreads(threads).withDeterministic(true));
      try (Deft deft = Deft.open(options)) {
        for (int width : new int[] {1, 8, 64}) {
          DeftSearch search =
              deft.search("sorting")
                  .taskOption("length", 10)
                  .strategy(strategy)
                  .evaluator(evaluator)
                  .budget(
                      org.deft4j.search.budget.SearchBudget.UNLIMITED
                          .withNodes(40)
                          .withDecodeTokens(700))
                  .ordered(16)
                  .seed(3);
          SearchResult r =
              new SearchDriver(deft.decoder(), width, System::nanoTime).run(search.request());
          assertThat(r.tree().maxWidth()).isLessThanOrEqualTo(width);
          assertThat(r.tree().nodes()).isPositive();
          hashes.add(r.treeHash() + " " + r.answer());
        }
      }
    }
    assertThat(hashes).hasSize(1);
  }
}

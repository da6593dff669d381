package org.deft4j.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.deft4j.kernels.BackendOptions;
import org.deft4j.kernels.Backends;
import org.deft4j.search.driver.SearchDriver;
import org.deft4j.search.driver.SearchRequest;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.evaluate.LogProbEvaluator;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.spi.ConstrainedProblem;
import org.deft4j.search.spi.Options;
import org.deft4j.tree.constrain.Grammar;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Searches on a device: grammars hold for every thought as they do on the processor, and an ordered
 * search grows one tree at any width. The model is the shipped one, or that of {@code
 * -Ddeft.test.model}.
 */
@Tag("gpu")
class DeviceSearchTest {
  private static Deft open(String backend) {
    Optional<String> why =
        Backends.providers().stream()
            .filter(p -> p.name().equals(backend))
            .findFirst()
            .orElseThrow()
            .unusable(BackendOptions.defaults());
    assumeTrue(why.isEmpty(), () -> "no " + backend + ": " + why.orElseThrow());
    return Deft.open(
        DeftOptions.of(System.getProperty("deft.test.model", "deft-mini"))
            .withEngine(
                e -> e.withBackend(backend).withDeterministic(true).withKvMemory(256 << 20)));
  }

  private static SearchResult run(Deft deft, int width, SearchRequest request, List<String> texts) {
    return new SearchDriver(deft.decoder(), width, System::nanoTime)
        .run(
            request
                .withEvaluator(new LogProbEvaluator(true))
                .withSeed(5)
                .ordered(64)
                .withListener(e -> {
                  if (e instanceof SearchEvent.ThoughtAdded a) {
                    texts.add(a.thought().text());
                  }
                }));
  }

  @ParameterizedTest
  @ValueSource(strings = {"beam", "mcts", "best-first", "rebase"})
  void oneTreeAtAnyWidth(String strategy) {
    Set<String> hashes = new HashSet<>();
    try (Deft deft = open("cuda")) {
      for (int width : new int[] {1, 8, 64}) {
        Options how = Options.none().with(strategy.equals("mcts") ? "iterations" : "width", "24");
        Options all = strategy.equals("mcts") ? how : how.with("depth", "3");
        SearchResult r =
            run(
                deft,
                width,
                SearchRequest.of(new WalkProblem(8), deft.registry().strategy(strategy, all)),
                new ArrayList<>());
        assertThat(r.tree().nodes()).isGreaterThan(20);
        assertThat(r.tree().maxWidth()).isLessThanOrEqualTo(width);
        hashes.add(r.treeHash());
      }
    }
    assertThat(hashes).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"panama", "cuda"})
  void grammarsHoldForEveryThought(String backend) {
    List<Grammar> grammars =
        List.of(
            Grammar.regex("\\[[0-9](, [0-9]){2,5}\\]"),
            Grammar.gbnf("root ::= \"<\" [a-z] [a-z]? [a-z]? \">\""),
            JsonSchema.grammar(
                "{\"type\": \"array\", \"items\": {\"enum\": [1, 2, 3]},"
                    + " \"minItems\": 2, \"maxItems\": 4}"));
    List<Pattern> same =
        List.of(
            Pattern.compile("\\[[0-9](, [0-9]){2,5}\\]"),
            Pattern.compile("<[a-z]{1,3}>"),
            Pattern.compile("\\[[123](, ?[123]){1,3}\\]"));
    try (Deft deft = open(backend)) {
      for (int i = 0; i < grammars.size(); i++) {
        for (String strategy : List.of("best-of-n", "token-beam")) {
          List<String> texts = new ArrayList<>();
          run(
              deft,
              64,
              SearchRequest.of(
                  new ConstrainedProblem(new WalkProblem(24), grammars.get(i)),
                  deft.registry().strategy(strategy, Options.none().with("width", "8"))),
              texts);
          assertThat(texts).as(strategy).isNotEmpty().allMatch(same.get(i).asMatchPredicate());
        }
      }
    }
  }
}

package org.deft4j.search.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.stream.Collectors;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.driver.SearchDriver;
import org.deft4j.search.driver.SearchRequest;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.evaluate.Checker;
import org.deft4j.search.strategy.GraphPlan.Kind;
import org.deft4j.search.testing.LetterProblem;
import org.deft4j.search.testing.ScriptedSearch;
import org.deft4j.testing.ScriptedDecoder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Graphs of operations, by hand and on a decoder. */
class GraphReferenceTest {
  /**
   * Sample i of a thought appends letter i; joining puts words side by side; more 'c' is better.
   */
  private static final ScriptedSearch.Script WORDS =
      new ScriptedSearch.Script() {
        @Override
        public ThoughtState sample(List<Thought> path, int sample) {
          String before = path.size() == 1 ? "" : path.getLast().state().text();
          return new ThoughtState.Answer(before + (char) ('a' + sample % 3));
        }

        @Override
        public ThoughtState merged(List<Thought> parents, int sample) {
          return new ThoughtState.Answer(
              parents.stream().map(Thought::text).collect(Collectors.joining("+")) + sample);
        }

        @Override
        public double value(Thought t) {
          return t.text().chars().filter(c -> c == 'c').count() / 10.0
              + t.text().chars().filter(c -> c == 'b').count() / 100.0;
        }

        @Override
        public boolean continues(Thought t) {
          return true;
        }
      };

  private static ScriptedSearch run(Graph graph) {
    return new ScriptedSearch(graph, WORDS).run(64, null);
  }

  private static List<String> texts(ScriptedSearch search) {
    return search.thoughts().stream().skip(1).map(Thought::text).toList();
  }

  @Test
  void aLineOfOperations() {
    Graph graph =
        new Graph(new Graph.Config(GraphPlan.parse("generate:3; keep:1; improve:2; keep"), 1, 1));
    ScriptedSearch search = run(graph);
    assertThat(texts(search)).containsExactly("a", "b", "c", "ca", "cb");
    assertThat(graph.current().flatMap(Thought::answer)).contains("cb");
  }

  @Test
  void aPlanIsGoneThroughSeveralTimes() {
    Graph graph = new Graph(new Graph.Config(GraphPlan.parse("generate:3, keep:1"), 3, 1));
    assertThat(texts(run(graph)))
        .containsExactly("a", "b", "c", "ca", "cb", "cc", "cca", "ccb", "ccc");
  }

  @Test
  void joinedThoughtsHangBelowTheirNearestCommonAncestor() {
    GraphPlan plan =
        GraphPlan.builder()
            .add("top", Kind.GENERATE, 3, List.of())
            .add("best", Kind.KEEP, 1, List.of("top"))
            .add("left", Kind.GENERATE, 1, List.of("best"))
            .add("right", Kind.GENERATE, 2, List.of("best"))
            .add("joined", Kind.AGGREGATE, 2, List.of("left", "right"))
            .build();
    ScriptedSearch search = run(new Graph(new Graph.Config(plan, 1, 1)));
    List<Thought> joined = search.thoughts().stream().filter(t -> t.text().contains("+")).toList();
    assertThat(joined).hasSize(2);
    assertThat(joined)
        .allSatisfy(t ->
            assertThat(search.path(t.parent()).getLast().text()).as("the kept one").isEqualTo("c"));
    assertThat(joined.getFirst().text()).isEqualTo("ca+cb+cc3");
  }

  @Test
  void branchesRunSideBySide() {
    Graph graph =
        new Graph(
            new Graph.Config(
                GraphPlan.parse("a=generate:3; b=generate:2(); x=keep:1(a); aggregate:1(x+b)"),
                1,
                1));
    ScriptedSearch search = run(graph);
    assertThat(search.asked().subList(0, 2)).allMatch(Ask.Expand.class::isInstance);
    assertThat(texts(search)).last().isEqualTo("c+a+b5");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "generate:0|count",
        "keep:1|needs thoughts",
        "generat:1|no operation",
        "generate:x|no number",
        "generate;keep(b)|not before it",
        "a=generate;a=keep|two operations",
        "generate;keep(a|no ')'",
        "''|no operation ''"
      })
  void plansThatMakeNoSenseAreRefused(String plan, String why) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> GraphPlan.parse(plan))
        .withMessageContaining(why);
  }

  @Test
  void theDriverComputesTheSharedPrefixOnce() {
    LetterProblem problem = new LetterProblem(2, 2, "abca", false);
    try (ScriptedDecoder decoder = LetterProblem.decoder(4)) {
      Graph graph =
          new Graph(new Graph.Config(GraphPlan.parse("generate:2; aggregate:3; keep:1"), 1, 1));
      SearchResult result =
          new SearchDriver(decoder)
              .run(SearchRequest.of(problem, graph).withEvaluator(new Checker()));
      assertThat(result.answer()).isPresent();
      List<Thought> merged =
          result.thoughts().stream().filter(t -> t.stage().equals("merge")).toList();
      assertThat(merged).hasSize(3).allMatch(t -> t.parent() == Thought.ROOT);
      // The prompt of two tokens, and once for all three samples the two words and separators.
      assertThat(decoder.stats().prefilledTokens()).isEqualTo(2 + 2 * 3);
    }
  }
}

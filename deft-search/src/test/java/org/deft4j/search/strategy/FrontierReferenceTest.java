package org.deft4j.search.strategy;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.testing.ScriptedSearch;
import org.deft4j.search.testing.StrategySimulator;
import org.junit.jupiter.api.Test;

/** Depth first, best first and the baselines on a small tree, by hand. */
class FrontierReferenceTest {
  /** Two continuations of each word; words of three letters answer; values are listed. */
  private record Listed(Map<String, Double> values) implements ScriptedSearch.Script {
    @Override
    public ThoughtState sample(List<Thought> path, int sample) {
      String before = path.size() == 1 ? "" : path.getLast().state().text();
      String word = before + (sample % 2 == 0 ? 'a' : 'b');
      return word.length() == 3 ? new ThoughtState.Answer(word) : new ThoughtState.Partial(word);
    }

    @Override
    public double value(Thought t) {
      return values.getOrDefault(t.state().text(), 0.0);
    }

    @Override
    public boolean solved(Thought t) {
      return t.answer().isPresent() && value(t) >= .95;
    }
  }

  private static final Listed TREE =
      new Listed(
          Map.of(
              "a", .9, "b", .6, "aa", .2, "ab", .04, "ba", .5, "bb", .7, "aaa", .3, "aab", .1,
              "bba", .97, "bbb", .2));

  private static List<String> continued(ScriptedSearch search) {
    return search.asked().stream()
        .filter(Ask.Expand.class::isInstance)
        .map(a -> search.path(((Ask.Expand) a).from()).getLast())
        .map(t -> t.isRoot() ? "" : t.text())
        .toList();
  }

  @Test
  void depthFirstEntersTheBestPrunesAndBacktracks() {
    TotDfs dfs = new TotDfs(new TotDfs.Config(2, 2, 9, 99, .05, 1, TotBfs.Generate.SAMPLE));
    ScriptedSearch search = new ScriptedSearch(dfs, TREE).run(8, null);
    // ab is below the threshold; below aa are answers alone; so back to b, then the better bb.
    assertThat(continued(search)).containsExactly("", "a", "aa", "b", "bb");
    assertThat(dfs.current().flatMap(Thought::answer)).contains("bba");
    assertThat(
            search.asked().stream()
                .filter(Ask.Prune.class::isInstance)
                .map(a -> search.path(((Ask.Prune) a).thought()).getLast().text()))
        .as("what is left behind is freed at once")
        .containsSubsequence("ab", "aa", "a")
        .doesNotContain("bb");
    assertThat(
            search.asked().stream()
                .filter(Ask.Prune.class::isInstance)
                .map(Ask.Prune.class::cast)
                .map(p -> search.path(p.thought()).getLast().text() + " " + p.why().id()))
        .as("and says why")
        .contains("ab below-threshold", "aaa ended", "aa explored", "a explored");
  }

  @Test
  void depthFirstStopsAfterItsSteps() {
    TotDfs dfs = new TotDfs(new TotDfs.Config(2, 2, 9, 3, .05, 1, TotBfs.Generate.SAMPLE));
    ScriptedSearch search = new ScriptedSearch(dfs, TREE).run(8, null);
    assertThat(continued(search)).containsExactly("", "a", "aa");
    assertThat(dfs.current().flatMap(Thought::answer)).contains("aaa");
  }

  @Test
  void bestFirstTakesTheBestWhereverItIs() {
    BestFirst best = new BestFirst(new BestFirst.Config(1, 2, 9, 99, 0, 1));
    ScriptedSearch search = new ScriptedSearch(best, TREE).run(1, null);
    assertThat(continued(search)).containsExactly("", "a", "b", "bb");
    assertThat(best.current().flatMap(Thought::answer)).contains("bba");
  }

  @Test
  void aCostMakesItPreferTheShallow() {
    // f: b .6 - .5, ba .5 - 1, bb .7 - 1: with the cost the shallow sibling goes first.
    Map<String, Double> values = Map.of("a", .9, "b", .6, "aa", .85, "ab", .8);
    BestFirst free = new BestFirst(new BestFirst.Config(1, 2, 9, 3, 0, 1));
    assertThat(continued(new ScriptedSearch(free, new Listed(values)).run(1, null)))
        .containsExactly("", "a", "aa");
    BestFirst dear = new BestFirst(new BestFirst.Config(1, 2, 9, 3, .5, 1));
    assertThat(continued(new ScriptedSearch(dear, new Listed(values)).run(1, null)))
        .containsExactly("", "a", "b");
  }

  @Test
  void equalValuesGoToTheShallower() {
    Map<String, Double> values = Map.of("a", .5, "b", .5, "aa", .5, "ab", .5);
    BestFirst best = new BestFirst(new BestFirst.Config(1, 2, 9, 4, 0, 1));
    assertThat(continued(new ScriptedSearch(best, new Listed(values)).run(1, null)))
        .containsExactly("", "a", "b", "aa");
  }

  /** Answers at once; the third sample is right. */
  private static final ScriptedSearch.Script THIRD =
      new ScriptedSearch.Script() {
        @Override
        public ThoughtState sample(List<Thought> path, int sample) {
          return new ThoughtState.Answer("try " + sample);
        }

        @Override
        public double value(Thought t) {
          return t.text().equals("try 2") ? 1 : .1;
        }

        @Override
        public boolean solved(Thought t) {
          return value(t) == 1;
        }
      };

  private static List<Double> temperatures(Retry retry) {
    ScriptedSearch search =
        new ScriptedSearch(
            retry,
            THIRD,
            new StrategyContext(StrategySimulator.root(), "scripted", false, true, true, 0));
    search.run(64, null);
    assertThat(retry.current().flatMap(Thought::answer)).contains("try 2");
    return search.asked().stream()
        .filter(Ask.Expand.class::isInstance)
        .map(a -> ((Ask.Expand) a).how().sampling().temperature())
        .toList();
  }

  @Test
  void retryTriesOneByOneAndStopsAtTheFirstPass() {
    assertThat(temperatures(new Retry())).containsExactly(.8, .8, .8);
    assertThat(temperatures(new Retry(Retry.Config.WARMING))).containsExactly(0.0, .125, .25);
  }
}

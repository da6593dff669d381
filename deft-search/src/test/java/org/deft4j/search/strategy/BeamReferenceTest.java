package org.deft4j.search.strategy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.strategy.Beam.Aggregate;
import org.deft4j.search.testing.ScriptedSearch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Beams on trees whose every path is known. */
class BeamReferenceTest {
  private static final int BRANCH = 3;

  /**
   * A complete tree of words; sample i of a word appends letter i, a word of full length answers.
   */
  record Words(int length, long seed) implements ScriptedSearch.Script {
    @Override
    public ThoughtState sample(List<Thought> path, int sample) {
      String before = path.size() == 1 ? "" : path.getLast().state().text();
      String word = before + (char) ('a' + sample % BRANCH);
      return word.length() == length
          ? new ThoughtState.Answer(word)
          : new ThoughtState.Partial(word);
    }

    @Override
    public double value(Thought t) {
      return value(t.state().text());
    }

    double value(String word) {
      return 0.05 + 0.95 * new Random(word.hashCode() * 31L + seed).nextDouble();
    }

    double rank(String word, Aggregate aggregate) {
      double[] values = new double[word.length()];
      for (int i = 0; i < values.length; i++) {
        values[i] = value(word.substring(0, word.length() - i));
      }
      return aggregate.of(values);
    }
  }

  private static List<String> longer(List<String> words) {
    List<String> all = new ArrayList<>();
    for (String w : words) {
      for (int i = 0; i < BRANCH; i++) {
        all.add(w + (char) ('a' + i));
      }
    }
    return all;
  }

  private static String beamByHand(Words words, int width, Aggregate aggregate) {
    List<String> level = List.of("");
    for (int d = 1; d <= words.length(); d++) {
      int keep = d == words.length() ? 1 : width;
      level =
          longer(level).stream()
              .sorted(Comparator.comparingDouble(w -> -words.rank(w, aggregate)))
              .limit(keep)
              .toList();
    }
    return level.getFirst();
  }

  private static String found(SearchStrategy strategy, Words words) {
    new ScriptedSearch(strategy, words).run(64, new Random(1));
    return strategy.current().flatMap(Thought::answer).orElse("");
  }

  @ParameterizedTest
  @EnumSource(Aggregate.class)
  void aBeamAsWideAsTheTreeIsExhaustiveSearch(Aggregate aggregate) {
    for (int seed = 0; seed < 10; seed++) {
      Words words = new Words(4, seed);
      List<String> all = List.of("");
      for (int d = 0; d < 4; d++) {
        all = longer(all);
      }
      String best =
          all.stream().max(Comparator.comparingDouble(w -> words.rank(w, aggregate))).orElseThrow();
      Beam beam = new Beam(new Beam.Config(27, BRANCH, 9, 1, aggregate, 0));
      assertThat(words.rank(found(beam, words), aggregate))
          .isCloseTo(words.rank(best, aggregate), within(1e-12));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void aNarrowBeamIsTheTextbooksBeam(int width) {
    for (int seed = 0; seed < 20; seed++) {
      // The first level samples width x branch, which is more than its three words.
      Words words = new Words(5, seed);
      Beam beam = new Beam(new Beam.Config(width, BRANCH, 9, 1, Aggregate.MEAN, 0));
      assertThat(found(beam, words)).isEqualTo(beamByHand(words, width, Aggregate.MEAN));
    }
  }

  @Test
  void lookaheadRanksByWhereTheGreedyContinuationLeads() {
    // 'a' looks good and leads to nothing, 'b' looks bad and leads to everything.
    Map<String, Double> values =
        new TreeMap<>(Map.of("a", .9, "b", .1, "aa", .1, "ba", .8, "aaa", .1, "baa", .9));
    ScriptedSearch.Script script =
        new ScriptedSearch.Script() {
          @Override
          public ThoughtState sample(List<Thought> path, int sample) {
            String before = path.size() == 1 ? "" : path.getLast().state().text();
            String word = before + (path.size() == 1 && sample % 2 == 1 ? 'b' : 'a');
            return word.length() == 3
                ? new ThoughtState.Answer(word)
                : new ThoughtState.Partial(word);
          }

          @Override
          public double value(Thought t) {
            return values.getOrDefault(t.state().text(), 0.0);
          }
        };
    Beam blind = new Beam(new Beam.Config(1, 2, 9, 1, Aggregate.LAST, 0));
    new ScriptedSearch(blind, script).run(8, null);
    assertThat(blind.current().flatMap(Thought::answer)).contains("aaa");
    Beam seeing = new Beam(new Beam.Config(1, 2, 9, 1, Aggregate.LAST, 1));
    ScriptedSearch search = new ScriptedSearch(seeing, script).run(8, null);
    assertThat(seeing.current().flatMap(Thought::answer)).contains("baa");
    assertThat(search.asked())
        .filteredOn(Ask.Expand.class::isInstance)
        .as("looking ahead is greedy, of one sample")
        .extracting(a -> ((Ask.Expand) a).how())
        .contains(ThoughtGenerator.greedy(), ThoughtGenerator.sample(1));
  }

  /** Subtrees see their own scores alone: those of others may be anything. */
  @Test
  void subtreesOfDvtsAreIndependent() {
    record Marked(Words words, boolean perturb) implements ScriptedSearch.Script {
      @Override
      public ThoughtState sample(List<Thought> path, int sample) {
        // The first three samples of the root are the first subtree's.
        String before = path.size() == 1 ? "" + sample / BRANCH : path.getLast().state().text();
        String word = before + (char) ('a' + sample % BRANCH);
        return word.length() == 6 ? new ThoughtState.Answer(word) : new ThoughtState.Partial(word);
      }

      @Override
      public double value(Thought t) {
        String word = t.state().text();
        double v = words.value(word);
        return perturb && word.charAt(0) != '0' ? 1 - v : v;
      }
    }
    for (int seed = 0; seed < 10; seed++) {
      List<List<String>> first = new ArrayList<>();
      List<List<String>> others = new ArrayList<>();
      for (boolean perturb : new boolean[] {false, true}) {
        Dvts dvts = new Dvts(new Beam.Config(3, BRANCH, 9, 1, Aggregate.LAST, 0));
        ScriptedSearch search =
            new ScriptedSearch(dvts, new Marked(new Words(9, seed), perturb)).run(64, null);
        List<String> made =
            search.thoughts().stream().skip(1).map(t -> t.state().text()).sorted().toList();
        first.add(made.stream().filter(w -> w.charAt(0) == '0').toList());
        others.add(made.stream().filter(w -> w.charAt(0) != '0').toList());
      }
      assertThat(first.get(0)).isEqualTo(first.get(1)).hasSize(5 * BRANCH);
      assertThat(others.get(0)).isNotEqualTo(others.get(1));
    }
  }

  @Test
  void aSubtreeOfDvtsWaitsForNoOther() {
    Dvts dvts = new Dvts(new Beam.Config(2, 1, 9, 1, Aggregate.LAST, 0));
    dvts.start(
        new StrategyContext(
            org.deft4j.search.testing.StrategySimulator.root(), "by hand", false, true, false, 0));
    List<Ask> roots = dvts.ask(64);
    assertThat(roots).hasSize(2);
    Ask.Expand mine = (Ask.Expand) roots.getFirst();
    Thought t =
        new Thought(
            1,
            0,
            1,
            "step",
            "a",
            new ThoughtState.Partial("a"),
            1,
            -1,
            true,
            java.util.Optional.empty());
    dvts.tell(new Told.Grown(mine.id(), t));
    dvts.tell(new Told.Closed(mine.id(), 1, Told.Why.DONE));
    Ask.Evaluate scoring = (Ask.Evaluate) dvts.ask(64).getFirst();
    dvts.tell(new Told.Scored(scoring.id(), 1, new org.deft4j.search.Score(.5, false, "by hand")));
    dvts.tell(new Told.Closed(scoring.id(), 1, Told.Why.DONE));
    assertThat(dvts.ask(64))
        .singleElement()
        .isInstanceOfSatisfying(Ask.Expand.class, e -> assertThat(e.from()).isEqualTo(1));
  }

  @Test
  void aGroupPaysForLikenessToEarlierChoices() {
    // Both groups see the same three words; "same" is best, "sane" is like it, "other" is not.
    List<String> texts = List.of("same thing", "sane thing", "otherwise");
    Map<String, Double> values = Map.of("same thing", .9, "sane thing", .8, "otherwise", .4);
    ScriptedSearch.Script script =
        new ScriptedSearch.Script() {
          @Override
          public ThoughtState sample(List<Thought> path, int sample) {
            return path.size() == 1
                ? new ThoughtState.Partial(texts.get(sample % 3))
                : new ThoughtState.Answer(path.getLast().state().text());
          }

          @Override
          public double value(Thought t) {
            return values.getOrDefault(t.state().text(), 0.0);
          }
        };
    assertThat(continued(script, 0)).containsExactly("same thing", "same thing");
    assertThat(continued(script, .6)).containsExactly("same thing", "otherwise");
    double likeness = Ngrams.of("same thing").similarity(Ngrams.of("sane thing"));
    assertThat(likeness).isBetween(.6, .99);
    // Not so large that a likeness in part is worse than the third word.
    assertThat(continued(script, .45)).containsExactly("same thing", "sane thing");
  }

  private static List<String> continued(ScriptedSearch.Script script, double penalty) {
    DiverseBeam beam = new DiverseBeam(new DiverseBeam.Config(2, 2, 3, 9, 1, penalty));
    ScriptedSearch search = new ScriptedSearch(beam, script).run(64, null);
    return search.asked().stream()
        .filter(Ask.Expand.class::isInstance)
        .map(a -> ((Ask.Expand) a).from())
        .filter(t -> t != Thought.ROOT)
        .map(t -> search.path(t).getLast().text())
        .toList();
  }
}

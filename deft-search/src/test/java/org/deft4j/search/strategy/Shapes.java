package org.deft4j.search.strategy;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.IntFunction;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.testing.ScriptedSearch;

/** What trees look like, and whether two samples of trees look alike. */
final class Shapes {
  private Shapes() {}

  /**
   * A world without end: each sample is new, and as good as its parent give or take a step.
   *
   * @param seed of everything
   */
  record Drift(long seed) implements ScriptedSearch.Script {
    @Override
    public ThoughtState sample(List<Thought> path, int sample) {
      String before = path.size() == 1 ? "" : path.getLast().state().text();
      return new ThoughtState.Partial(before + "/" + sample);
    }

    @Override
    public double value(Thought t) {
      String text = t.state().text();
      double v = .5;
      for (int i = text.indexOf('/', 1); ; i = text.indexOf('/', i + 1)) {
        String prefix = i < 0 ? text : text.substring(0, i);
        v += new Draws().at(seed, prefix.hashCode()).unit() - .5;
        if (i < 0) {
          return Math.min(1, Math.max(0, v));
        }
      }
    }
  }

  /** Figures of a tree. */
  record Figures(double meanDepth, double rootChildren, double largestShare, double leaves) {
    static Figures of(List<Thought> thoughts) {
      Map<Long, Integer> branch = new HashMap<>();
      Map<Integer, Integer> sizes = new HashMap<>();
      Map<Long, Integer> children = new HashMap<>();
      double depth = 0;
      for (Thought t : thoughts) {
        if (!t.isRoot()) {
          int mine =
              t.parent() == Thought.ROOT ? sizes.size() : branch.getOrDefault(t.parent(), -1);
          branch.put(t.ordinal(), mine);
          sizes.merge(mine, 1, Integer::sum);
          children.merge(t.parent(), 1, Integer::sum);
          depth += t.depth();
        }
      }
      int n = thoughts.size() - 1;
      int largest = sizes.values().stream().mapToInt(Integer::intValue).max().orElse(0);
      long inner = children.keySet().stream().filter(o -> o != Thought.ROOT).count();
      return new Figures(depth / n, sizes.size(), largest / (double) n, n - inner);
    }
  }

  /** Trees of as many seeds, each searched with so many results outstanding. */
  static List<Figures> sample(
      IntFunction<SearchStrategy> strategy, int batch, int from, int count) {
    return java.util.stream.IntStream.range(from, from + count)
        .mapToObj(seed ->
            Figures.of(
                new ScriptedSearch(strategy.apply(seed), new Drift(seed))
                    .run(batch, new Random(seed))
                    .thoughts()))
        .toList();
  }

  /** The two-sample Kolmogorov-Smirnov statistic: the largest distance of two distributions. */
  static double distance(double[] a, double[] b) {
    double[] all =
        java.util.stream.DoubleStream.concat(Arrays.stream(a), Arrays.stream(b)).toArray();
    double most = 0;
    for (double at : all) {
      double below = Arrays.stream(a).filter(v -> v <= at).count() / (double) a.length;
      double under = Arrays.stream(b).filter(v -> v <= at).count() / (double) b.length;
      most = Math.max(most, Math.abs(below - under));
    }
    return most;
  }

  /** Its critical value at level 0.01: sqrt(-ln(0.01 / 2) / 2) sqrt((n + m) / (n m)). */
  static double critical(int n, int m) {
    return Math.sqrt(-Math.log(.005) / 2) * Math.sqrt((n + m) / ((double) n * m));
  }

  /** What a figure is called, and how it is read. */
  record Figure(String name, java.util.function.ToDoubleFunction<Figures> read) {}

  /** The figures that are compared. */
  static final List<Figure> ALL =
      List.of(
          new Figure("mean depth", Figures::meanDepth),
          new Figure("children of the root", Figures::rootChildren),
          new Figure("share of the largest subtree", Figures::largestShare),
          new Figure("leaves", Figures::leaves));

  /** The distances of two samples, figure by figure. */
  static double[] distances(List<Figures> a, List<Figures> b) {
    return ALL.stream()
        .mapToDouble(f ->
            distance(
                a.stream().mapToDouble(f.read()).toArray(),
                b.stream().mapToDouble(f.read()).toArray()))
        .toArray();
  }

  /** The mean of each figure, for a message. */
  static String means(List<Figures> of) {
    return ALL.stream()
        .map(f ->
            " %s %.3f".formatted(f.name(), of.stream().mapToDouble(f.read()).average().orElse(0)))
        .toList()
        .toString();
  }
}

package org.deft4j.search.evaluate;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.evaluate.Evaluation.Probe;
import org.deft4j.search.spi.EvaluatorFactory;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.Capabilities;

/**
 * Compares the thoughts of a level two by two: each pair is put to the model in both orders, which
 * cancels its preference for a place, and a thought scores the mean probability of being preferred.
 * Every thought meets every other one, or so many neighbours on a circle; a question's prompt holds
 * two thoughts, so that their number is not bounded by the model's context.
 */
public final class Tournament implements ThoughtEvaluator {
  /** Its name. */
  public static final String NAME = "tournament";

  private final int opponents;

  /** Every thought meets every other one. */
  public Tournament() {
    this(0);
  }

  /**
   * A tournament.
   *
   * @param opponents how many others each thought meets at most; 0 for all
   */
  public Tournament(int opponents) {
    if (opponents < 0) {
      throw new IllegalArgumentException("opponents must be at least 0, was " + opponents);
    }
    this.opponents = opponents;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public boolean oracle() {
    return false;
  }

  @Override
  public boolean joint() {
    return true;
  }

  @Override
  public void check(Problem problem, PromptLayout layout, Capabilities capabilities) {
    if (!capabilities.choices()) {
      throw new DeftException(
          DeftException.USAGE,
          "this model gives no probabilities of choices, which " + NAME + " needs");
    }
  }

  @Override
  public Evaluation plan(Problem problem, PromptLayout layout, List<List<Thought>> paths) {
    Map<ThoughtState, Thought> distinct = new LinkedHashMap<>();
    paths.forEach(path -> distinct.putIfAbsent(path.getLast().state(), path.getLast()));
    List<ThoughtState> states = List.copyOf(distinct.keySet());
    List<Thought> candidates = List.copyOf(distinct.values());
    int[] named = paths.stream().mapToInt(p -> states.indexOf(p.getLast().state())).toArray();
    List<int[]> pairs = pairs(candidates.size());
    List<Probe> probes = new ArrayList<>();
    for (int[] pair : pairs) {
      probes.add(probe(problem, layout, candidates.get(pair[0]), candidates.get(pair[1])));
      probes.add(probe(problem, layout, candidates.get(pair[1]), candidates.get(pair[0])));
    }
    return new Evaluation(
        probes,
        readings -> {
          double[] won = new double[candidates.size()];
          int[] met = new int[candidates.size()];
          for (int i = 0; i < pairs.size(); i++) {
            int a = pairs.get(i)[0];
            int b = pairs.get(i)[1];
            double first = first(readings.get(2 * i).logProbs());
            double second = 1 - first(readings.get(2 * i + 1).logProbs());
            double p = (first + second) / 2;
            won[a] += p;
            won[b] += 1 - p;
            met[a]++;
            met[b]++;
          }
          return Arrays.stream(named)
              .mapToObj(c ->
                  new Score(
                      met[c] == 0 ? 1 : Math.min(1, won[c] / met[c]),
                      0,
                      Math.max(1, 2 * met[c]),
                      false,
                      NAME))
              .toList();
        });
  }

  /** Neighbours on a circle, nearest first, until each has met as many as it may. */
  private List<int[]> pairs(int n) {
    List<int[]> pairs = new ArrayList<>();
    int most = opponents == 0 ? n - 1 : Math.min(n - 1, opponents);
    for (int apart = 1; 2 * apart - 1 <= most && apart <= n / 2; apart++) {
      // Opposite places of an even circle meet once.
      int from = 2 * apart == n ? n / 2 : n;
      for (int i = 0; i < from; i++) {
        pairs.add(new int[] {i, (i + apart) % n});
      }
    }
    return pairs;
  }

  private static Probe probe(Problem problem, PromptLayout layout, Thought a, Thought b) {
    return new Probe.Choice(
        Thought.ROOT,
        layout
            .vote(List.of(a, b))
            .orElseThrow(() ->
                new DeftException(
                    DeftException.USAGE,
                    "task "
                        + problem.task()
                        + " cannot compare two thoughts for this model: use agreement or judge")));
  }

  private static double first(List<Float> logProbs) {
    double p = 1 / (1 + Math.exp(logProbs.get(1) - logProbs.get(0)));
    return Double.isNaN(p) ? 0.5 : p;
  }

  /** Makes it by name. */
  public static final class Factory implements EvaluatorFactory {
    @Override
    public String description() {
      return "the model compares the thoughts of a level two by two, in both orders";
    }

    @Override
    public List<OptionSpec> options() {
      return List.of(
          new OptionSpec("opponents", "0", "how many others a thought meets at most; 0 for all"));
    }

    @Override
    public ThoughtEvaluator create(Options options) {
      options.requireKnown("evaluator " + NAME, options());
      return new Tournament(options.integer("opponents", 0, 0));
    }
  }
}

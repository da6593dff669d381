package org.deft4j.search.strategy;

import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;

/**
 * The levels of a reward-balanced search: a budget of continuations is shared out among the
 * thoughts of a level by the softmax of their scores, and each finished answer takes one off it.
 */
final class BalancedTree {
  private final Board board;
  private final StrategyContext context;
  private final Shape shape;
  private final Sieve sieve;
  private final Map<ThoughtState, Long> scored = Level.nothingScored();
  private final Map<Long, Thought> answers = new HashMap<>();
  private Level level;
  private int depth = 1;
  private int width;
  private boolean over;

  /** Chooses which thoughts of a level take part. */
  @FunctionalInterface
  interface Sieve {
    /**
     * The thoughts kept, in the given order.
     *
     * @param level living thoughts of a level
     * @param shares how many continuations each would get
     */
    List<Thought> keep(List<Thought> level, int[] shares);
  }

  /**
   * The form of the search.
   *
   * @param width continuations of a level
   * @param balance temperature of the softmax over scores
   * @param depth most levels
   * @param temperature of sampling
   */
  record Shape(int width, double balance, int depth, double temperature) {
    Shape {
      Start.atLeastOne("width", width);
      Start.atLeastOne("depth", depth);
      Start.temperature(temperature);
      if (!(balance > 0 && balance <= 1e6)) {
        throw new IllegalArgumentException("balance must be above 0, was " + balance);
      }
    }
  }

  BalancedTree(Board board, StrategyContext context, Shape shape, Sieve sieve) {
    this.board = board;
    this.context = context;
    this.shape = shape;
    this.sieve = sieve;
    this.width = shape.width();
    this.level = new Level(board, context, scored, List.of());
    level.expand(Thought.ROOT, width, how());
  }

  private ThoughtGenerator how() {
    return ThoughtGenerator.sample(shape.temperature());
  }

  /**
   * Shares {@code width} out by the softmax of {@code scores / balance}: best first, each takes the
   * ceiling of its part of what is left. All of it is given out, and late ones may get none (Wu et
   * al., 2024, as published with the paper).
   *
   * @return a share for each score, which sum to {@code width}; all 0 where there is no score
   */
  static int[] allocate(double[] scores, int width, double balance) {
    int[] shares = new int[scores.length];
    double best = Arrays.stream(scores).max().orElse(0);
    double[] weights = Arrays.stream(scores).map(s -> Math.exp((s - best) / balance)).toArray();
    int[] order =
        IntStream.range(0, scores.length)
            .boxed()
            .sorted(Comparator.<Integer>comparingDouble(i -> -scores[i]).thenComparing(i -> i))
            .mapToInt(Integer::intValue)
            .toArray();
    double left = Arrays.stream(weights).sum();
    int rest = width;
    for (int i : order) {
      // The last one takes what is left, whatever rounding has done to the sum.
      int share =
          i == order[order.length - 1]
              ? rest
              : Math.min(rest, (int) Math.ceil(rest * weights[i] / left - 1e-9));
      shares[i] = share;
      rest -= share;
      left -= weights[i];
    }
    return shares;
  }

  void proceed() {
    while (!over) {
      level.proceed();
      note();
      if (!level.done()) {
        return;
      }
      next();
    }
  }

  private void note() {
    for (Thought t : level.candidates()) {
      if (t.answer().isPresent()) {
        answers.put(t.ordinal(), t);
      }
    }
  }

  private void next() {
    List<Thought> candidates = level.candidates();
    width -= (int) candidates.stream().filter(t -> t.answer().isPresent()).count();
    List<Thought> open =
        candidates.stream().filter(t -> t.answer().isEmpty() && t.expandable()).toList();
    over = open.isEmpty() || width <= 0 || depth >= shape.depth() || board.cut();
    List<Thought> kept = over ? List.of() : sieve.keep(open, shares(open));
    int[] shares = shares(kept);
    Set<Long> living = new HashSet<>();
    level = new Level(board, context, scored, List.of());
    for (int i = 0; i < kept.size(); i++) {
      if (shares[i] > 0) {
        living.add(kept.get(i).ordinal());
        level.expand(kept.get(i).ordinal(), shares[i], how());
      }
    }
    for (Thought t : candidates) {
      if (!living.contains(t.ordinal())) {
        PruneReason why = PruneReason.of(t, List.of());
        boolean ends = over && why == PruneReason.OUTRANKED;
        board.prune(t.ordinal(), ends ? PruneReason.UNNEEDED : why);
      }
    }
    depth++;
    over |= living.isEmpty();
  }

  private int[] shares(List<Thought> of) {
    double[] scores = of.stream().mapToDouble(Ranking::value).toArray();
    return allocate(scores, width, shape.balance());
  }

  boolean over() {
    return over;
  }

  boolean solved() {
    return answers.values().stream().anyMatch(Ranking::solved);
  }

  /** The answer whose thoughts' scores sum to most; a proved one before all others. */
  Optional<Thought> best() {
    note();
    return answers.values().stream()
        .min(context.proves() ? Ranking.byScore() : Ranking.bySummedValues(answers.values()));
  }
}

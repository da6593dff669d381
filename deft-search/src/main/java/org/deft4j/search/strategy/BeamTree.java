package org.deft4j.search.strategy;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;

/**
 * One beam search over thoughts below the root: a level waits for all its continuations, the best
 * are continued, the rest is freed. Answers leave the beam. Several on one board do not see one
 * another.
 */
final class BeamTree {
  private final Board board;
  private final StrategyContext context;
  private final Shape shape;
  private final Map<ThoughtState, Long> scored = Level.nothingScored();
  private final Map<Long, Thought> answers = new HashMap<>();
  private final Map<Long, Double> foreseen = new HashMap<>();
  private Level level;
  private Preview preview;
  private int depth = 1;
  private boolean over;

  /**
   * The form of a beam search.
   *
   * @param width beams that live on after a level
   * @param branch continuations of each
   * @param depth most levels
   * @param temperature of sampling
   * @param aggregate how the scores along a path become its rank
   * @param lookahead greedy thoughts beyond each candidate whose last one is scored in its stead
   */
  record Shape(
      int width,
      int branch,
      int depth,
      double temperature,
      Beam.Aggregate aggregate,
      int lookahead) {
    Shape {
      Start.atLeastOne("width", width);
      Start.atLeastOne("branch", branch);
      Start.atLeastOne("depth", depth);
      Start.temperature(temperature);
      Start.atLeastZero("lookahead", lookahead);
    }

    ThoughtGenerator how() {
      return ThoughtGenerator.sample(temperature);
    }
  }

  /** A beam search whose first level is asked for. */
  BeamTree(Board board, StrategyContext context, Shape shape) {
    this.board = board;
    this.context = context;
    this.shape = shape;
    this.level = new Level(board, context, scored, List.of());
    this.preview = new Preview(board, context, shape.lookahead());
    level.expand(Thought.ROOT, Math.multiplyExact(shape.width(), shape.branch()), shape.how());
  }

  /** Goes on as far as results allow. */
  void proceed() {
    while (!over) {
      level.proceed();
      note();
      if (!level.done()) {
        return;
      }
      if (!preview.begun()) {
        preview.begin(level.candidates());
      }
      preview.proceed();
      if (!preview.done()) {
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
    preview.answers().forEach(t -> answers.put(t.ordinal(), t));
  }

  private void next() {
    List<Thought> candidates = level.candidates();
    candidates.forEach(t -> foreseen.put(t.ordinal(), preview.value(t)));
    Set<ThoughtState> distinct = new HashSet<>();
    List<Thought> kept =
        candidates.stream()
            .filter(t -> t.answer().isEmpty() && t.expandable())
            .sorted(order())
            .filter(t -> distinct.add(t.state()))
            .limit(shape.width())
            .toList();
    Set<Long> living = new HashSet<>(kept.stream().map(Thought::ordinal).toList());
    preview.release();
    for (Thought t : candidates) {
      if (!living.contains(t.ordinal())) {
        board.prune(t.ordinal(), PruneReason.of(t, kept));
      }
    }
    over = kept.isEmpty() || depth >= shape.depth() || board.cut();
    if (over) {
      return;
    }
    depth++;
    level = new Level(board, context, scored, List.of());
    preview = new Preview(board, context, shape.lookahead());
    kept.forEach(t -> level.expand(t.ordinal(), shape.branch(), shape.how()));
  }

  /** Whether it has ended. */
  boolean over() {
    return over;
  }

  /** Ends it. */
  void stop() {
    over = true;
  }

  /** The answers so far. */
  List<Thought> answers() {
    note();
    return List.copyOf(answers.values());
  }

  /** Best first: solved, then by rank. */
  Comparator<Thought> order() {
    return Comparator.comparing(Ranking::solved, Comparator.reverseOrder())
        .thenComparingDouble(t -> -rank(t))
        .thenComparingLong(Thought::ordinal);
  }

  /** The best answer so far. */
  Optional<Thought> best() {
    return answers().stream().min(order());
  }

  /** What a path is worth. Without an evaluator that is the mean log-probability of its tokens. */
  double rank(Thought last) {
    List<Thought> path = new ArrayList<>();
    for (Thought t = last; !t.isRoot(); t = board.thought(t.parent())) {
      path.add(t);
    }
    if (!context.canEvaluate()) {
      int tokens = path.stream().mapToInt(Thought::tokens).sum();
      return path.stream().mapToDouble(Thought::logProb).sum() / Math.max(1, tokens);
    }
    double[] values = new double[path.size()];
    for (int i = 0; i < values.length; i++) {
      // The path's thoughts are as told; the last one may carry the score of an equal state.
      Thought t = i == 0 ? last : path.get(i);
      values[i] = foreseen.getOrDefault(t.ordinal(), Ranking.value(t));
    }
    return shape.aggregate().of(values);
  }
}

package org.deft4j.search.strategy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;

/**
 * The thoughts of one level of a search that waits for all of them: those asked for, each scored as
 * it comes, or all together where the evaluator compares them. Thoughts of equal state are scored
 * once in the whole search.
 */
final class Level {
  private final Board board;
  private final StrategyContext context;
  private final Map<ThoughtState, Long> scored;
  private final List<Thought> carried;
  private final List<Long> asks = new ArrayList<>();
  private final List<Long> scoring = new ArrayList<>();
  private final Set<Long> seen = new HashSet<>();
  private boolean compared;

  /**
   * A level with nothing asked.
   *
   * @param scored states scored so far in the search, and by which thought; shared by its levels
   * @param carried earlier thoughts that compete with the new ones
   */
  Level(
      Board board, StrategyContext context, Map<ThoughtState, Long> scored, List<Thought> carried) {
    this.board = board;
    this.context = context;
    this.scored = scored;
    this.carried = List.copyOf(carried);
  }

  /** The states scored so far, for a search's first level. */
  static Map<ThoughtState, Long> nothingScored() {
    return new HashMap<>();
  }

  void expand(long from, int count, ThoughtGenerator how) {
    asks.add(board.expand(from, count, how));
  }

  /** Asks for the scores that can be asked for now. */
  void proceed() {
    if (!context.canEvaluate()) {
      return;
    }
    if (context.joint()) {
      if (!compared && asks.stream().allMatch(board::done)) {
        compared = true;
        List<Long> all = candidates().stream().map(Thought::ordinal).toList();
        if (!all.isEmpty()) {
          scoring.add(board.evaluate(all));
        }
      }
      return;
    }
    for (Thought t : board.results(asks)) {
      if (!t.dead()
          && seen.add(t.ordinal())
          && scored.putIfAbsent(t.state(), t.ordinal()) == null) {
        scoring.add(board.evaluate(List.of(t.ordinal())));
      }
    }
  }

  /** Whether all thoughts and scores have come. */
  boolean done() {
    return asks.stream().allMatch(board::done)
        && scoring.stream().allMatch(board::done)
        && (!context.joint() || compared || !context.canEvaluate());
  }

  /** New and carried thoughts that live, each with the score of its state. */
  List<Thought> candidates() {
    Map<Long, Thought> all = new LinkedHashMap<>();
    carried.forEach(t -> all.put(t.ordinal(), board.thought(t.ordinal())));
    board.results(asks).forEach(t -> all.put(t.ordinal(), t));
    List<Thought> living = new ArrayList<>();
    for (Thought t : all.values()) {
      if (!t.dead()) {
        living.add(score(t).map(t::withScore).orElse(t));
      }
    }
    return living;
  }

  private Optional<Score> score(Thought t) {
    Long by = scored.get(t.state());
    return t.score().isPresent() || by == null ? t.score() : board.thought(by).score();
  }
}

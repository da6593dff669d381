package org.deft4j.search.strategy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.deft4j.search.Thought;

/**
 * Looks ahead: continues each candidate greedily for some thoughts and scores where that leads. The
 * thoughts looked at are freed afterwards; only their score is kept.
 */
final class Preview {
  private final Board board;
  private final StrategyContext context;
  private final int steps;
  private final List<Chain> chains = new ArrayList<>();
  private final Map<Long, Chain> byCandidate = new HashMap<>();
  private List<Long> scoring = List.of();
  private boolean begun;
  private boolean asked;

  /** The continuation of one candidate. */
  private static final class Chain {
    Thought end;
    long first = -1;
    long ask = -1;
    boolean over;

    Chain(Thought candidate) {
      this.end = candidate;
    }
  }

  Preview(Board board, StrategyContext context, int steps) {
    this.board = board;
    this.context = context;
    this.steps = steps;
  }

  /** Begins; the candidates are complete. */
  void begin(List<Thought> candidates) {
    begun = true;
    for (Thought t : candidates) {
      if (steps > 0 && t.expandable() && t.answer().isEmpty()) {
        Chain chain = new Chain(t);
        chain.ask = board.expand(t.ordinal(), 1, ThoughtGenerator.greedy());
        chains.add(chain);
        byCandidate.put(t.ordinal(), chain);
      }
    }
  }

  boolean begun() {
    return begun;
  }

  /** Asks for what can be asked for now. */
  void proceed() {
    int over = 0;
    for (Chain chain : chains) {
      advance(chain);
      over += chain.over ? 1 : 0;
    }
    if (!asked && begun && over == chains.size()) {
      asked = true;
      List<Long> ends =
          chains.stream().filter(c -> !c.end.dead()).map(c -> c.end.ordinal()).toList();
      if (context.joint() && !ends.isEmpty()) {
        scoring = List.of(board.evaluate(ends));
      } else {
        scoring = ends.stream().map(t -> board.evaluate(List.of(t))).toList();
      }
    }
  }

  private void advance(Chain chain) {
    while (!chain.over && board.done(chain.ask)) {
      List<Thought> grown = board.results(List.of(chain.ask));
      if (grown.isEmpty()) {
        chain.over = true;
        return;
      }
      if (chain.first < 0) {
        chain.first = grown.getFirst().ordinal();
        chain.end = grown.getFirst();
      } else {
        chain.end = grown.getFirst();
      }
      long made = chain.end.depth() - board.thought(chain.first).depth() + 1L;
      chain.over =
          made >= steps
              || chain.end.dead()
              || chain.end.answer().isPresent()
              || !chain.end.expandable();
      if (!chain.over) {
        chain.ask = board.expand(chain.end.ordinal(), 1, ThoughtGenerator.greedy());
      }
    }
  }

  boolean done() {
    return begun && asked && scoring.stream().allMatch(board::done);
  }

  /** What looking ahead found for a candidate: its own value where nothing was looked at. */
  double value(Thought candidate) {
    Chain chain = byCandidate.get(candidate.ordinal());
    if (chain == null || chain.first < 0) {
      return Ranking.value(candidate);
    }
    return chain.end.dead() ? 0 : Ranking.value(board.thought(chain.end.ordinal()));
  }

  /** The answers met on the way. */
  List<Thought> answers() {
    return chains.stream()
        .filter(c -> c.ask >= 0)
        .flatMap(c -> board.results(List.of(c.ask)).stream())
        .filter(t -> t.answer().isPresent())
        .toList();
  }

  /** Frees what was looked at. */
  void release() {
    for (Chain chain : chains) {
      if (chain.first >= 0 && !board.thought(chain.first).dead()) {
        board.prune(chain.first, PruneReason.LOOKED_AHEAD);
      }
    }
  }
}

package org.deft4j.search.strategy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.deft4j.search.Thought;

/** Independent chains of thoughts from the root, each continued until it answers. */
final class Chains {
  private final Board board;
  private final int depth;
  private final ThoughtGenerator how;
  private final Set<Long> continued = new HashSet<>();
  private final List<Long> asks = new ArrayList<>();

  Chains(Board board, int depth, ThoughtGenerator how) {
    this.board = board;
    this.depth = depth;
    this.how = how;
  }

  void begin(int count) {
    asks.add(board.expand(Thought.ROOT, count, how));
  }

  /** Continues what has not answered yet. */
  void proceed() {
    for (Thought t : board.results(asks)) {
      if (t.answer().isEmpty()
          && !t.dead()
          && t.expandable()
          && t.depth() < depth
          && continued.add(t.ordinal())) {
        asks.add(board.expand(t.ordinal(), 1, how));
      }
    }
  }

  /** The answers so far. */
  List<Thought> answers() {
    return board.results(asks).stream().filter(t -> t.answer().isPresent()).toList();
  }
}

package org.deft4j.tree.constrain;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * All ways through a {@link Network} at once, byte by byte. States are made when they are met and
 * kept, so that a byte costs an array read from then on: for a regular expression this is its
 * deterministic automaton, made lazily. Not for many threads.
 */
final class Automaton {
  private final Network network;
  private final Map<List<Long>, State> states = new HashMap<>();
  private final Map<Frame, Frame> frames = new HashMap<>();
  private int frameIds;

  /** Where to go on when called rules have ended. */
  private static final class Frame {
    final Network.Node then;
    final @Nullable Frame below;
    int id = -1;

    Frame(Network.Node then, @Nullable Frame below) {
      this.then = then;
      this.below = below;
    }

    @Override
    public boolean equals(Object o) {
      return o instanceof Frame f && f.then == then && f.below == below;
    }

    @Override
    public int hashCode() {
      return then.id * 31 + (below == null ? 0 : below.id + 1);
    }
  }

  /** A way: a node that takes bytes, and what comes when its rule has ended. */
  private record Way(Network.Node node, @Nullable Frame frame) {
    long key() {
      return (long) node.id << 32 | (frame == null ? 0 : frame.id + 1);
    }
  }

  /** What may come next. */
  static final class State {
    private final List<Way> ways;
    private final boolean accepting;
    private final @Nullable State[] next = new State[256];

    State(List<Way> ways, boolean accepting) {
      this.ways = ways;
      this.accepting = accepting;
    }

    /** Whether the text may end here. */
    boolean accepting() {
      return accepting;
    }

    /** Whether another byte may follow. */
    boolean goesOn() {
      return !ways.isEmpty();
    }
  }

  /** No text goes on from here. */
  static final State DEAD = new State(List.of(), false);

  Automaton(Network network) {
    this.network = network;
  }

  State start() {
    List<Way> open = new ArrayList<>();
    open.add(new Way(network.start("root"), null));
    return state(open);
  }

  /** Number of states met. */
  int size() {
    return states.size();
  }

  /** Forgets all states; those that are held stay usable. */
  void clear() {
    states.clear();
    frames.clear();
  }

  /** Where a byte leads. */
  State next(State from, int b) {
    State known = from.next[b];
    if (known != null) {
      return known;
    }
    List<Way> open = new ArrayList<>();
    for (Way w : from.ways) {
      for (int i = 0; i < w.node().targets.size(); i++) {
        int[] range = w.node().bytes.get(i);
        if (b >= range[0] && b <= range[1]) {
          open.add(new Way(w.node().targets.get(i), w.frame()));
        }
      }
    }
    State to = open.isEmpty() ? DEAD : state(open);
    from.next[b] = to;
    return to;
  }

  private State state(List<Way> open) {
    Set<Way> seen = new HashSet<>();
    List<Way> ways = new ArrayList<>();
    boolean accepting = false;
    while (!open.isEmpty()) {
      Way w = open.removeLast();
      if (!seen.add(w)) {
        continue;
      }
      Network.Node n = w.node();
      if (!n.targets.isEmpty()) {
        ways.add(w);
      }
      n.free.forEach(t -> open.add(new Way(t, w.frame())));
      for (Network.Call c : n.calls) {
        // A call that comes last needs no way back: so right recursion does not pile up.
        Frame frame = c.then().onlyEnds() ? w.frame() : frame(c.then(), w.frame());
        open.add(new Way(network.start(c.rule()), frame));
      }
      if (n.end) {
        Frame f = w.frame();
        if (f == null) {
          accepting = true;
        } else {
          open.add(new Way(f.then, f.below));
        }
      }
    }
    long[] keys = ways.stream().mapToLong(Way::key).sorted().toArray();
    List<Long> key = new ArrayList<>(Arrays.stream(keys).boxed().toList());
    key.add(accepting ? 1L : 0L);
    boolean ends = accepting;
    return states.computeIfAbsent(key, _ -> new State(ways, ends));
  }

  private Frame frame(Network.Node then, @Nullable Frame below) {
    Frame f = frames.computeIfAbsent(new Frame(then, below), x -> x);
    if (f.id < 0) {
      f.id = frameIds++;
    }
    return f;
  }
}

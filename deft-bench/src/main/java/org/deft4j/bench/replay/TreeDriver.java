package org.deft4j.bench.replay;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deft4j.bench.model.WatchedEngine;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.NodeId;
import org.deft4j.tree.replay.TreeTemplate;
import org.jspecify.annotations.Nullable;

/**
 * Makes an engine decode a recorded tree of thoughts: each thought samples as many tokens as were
 * recorded, then branches or is pruned as it was. Which tokens they are is the model's affair.
 */
final class TreeDriver {
  /** A thought that is decoding or has open thoughts below it. */
  private static final class Thought {
    final NodeId id;
    final int index;
    final @Nullable Thought parent;
    boolean asked;
    int done;
    int open;

    Thought(NodeId id, int index, @Nullable Thought parent) {
      this.id = id;
      this.index = index;
      this.parent = parent;
    }
  }

  private final WatchedEngine watched;
  private final TreeTemplate template;
  private final float temperature;
  private final NodeId root;
  private final Map<NodeId, Thought> live = new LinkedHashMap<>();
  private final List<Thought> ended = new ArrayList<>();
  private int step;

  /** Computes the prompt and forks the first thoughts. */
  TreeDriver(WatchedEngine watched, TreeTemplate template, int prompt, float temperature) {
    this.watched = watched;
    this.template = template;
    this.temperature = temperature;
    root = watched.prompt(prompt);
    end(new Thought(root, 0, null));
  }

  /** Steps that are done: each live thought has that many tokens since the prompt. */
  int step() {
    return step;
  }

  /** Whether nothing is left to decode. */
  boolean finished() {
    return live.isEmpty();
  }

  /**
   * One step: a token for each live thought, and what follows when thoughts end.
   *
   * @return rows computed
   */
  int decode() {
    live.values().stream().filter(t -> !t.asked).forEach(this::ask);
    try {
      int rows = watched.engine().step(this::event);
      step++;
      return rows;
    } finally {
      endAll();
    }
  }

  private void ask(Thought t) {
    t.asked = true;
    int left = value(t) - t.done;
    watched
        .engine()
        .decode(
            t.id, DecodeSpec.of(left).temperature(temperature).topK(50).seed(1, t.index).build());
  }

  private void event(DecodeEvent event) {
    switch (event) {
      case DecodeEvent.Sampled s -> {
        Thought t = live.get(s.node());
        if (t != null && ++t.done == value(t)) {
          ended.add(t);
        }
      }
      case DecodeEvent.Finished f -> {
        Thought t = live.get(f.node());
        if (t != null) {
          t.asked = false;
        }
      }
      default -> {}
    }
  }

  /**
   * Goes on to a step without decoding: the tokens between are given ones, computed as prompts are.
   */
  void skipTo(int target) {
    idle();
    while (step < target && !live.isEmpty()) {
      int n = target - step;
      for (Thought t : live.values()) {
        n = Math.min(n, value(t) - t.done);
      }
      for (Thought t : live.values()) {
        watched.engine().extend(t.id, watched.tokens(n, t.index + step), false);
        t.done += n;
        if (t.done == value(t)) {
          ended.add(t);
        }
      }
      watched.drain();
      step += n;
      endAll();
    }
  }

  /** Takes back what is asked for. */
  private void idle() {
    if (watched.engine().busy()) {
      live.keySet().forEach(watched.engine()::cancel);
      watched.engine().step(this::event);
      endAll();
    }
  }

  private void endAll() {
    for (Thought t : ended) {
      live.remove(t.id);
      end(t);
    }
    ended.clear();
  }

  /** A thought stops: its children begin, or it is pruned with what it alone holds. */
  private void end(Thought t) {
    List<Integer> children = template.nodes().get(t.index).children();
    t.open = children.size();
    if (t.open == 0) {
      prune(t);
      return;
    }
    List<NodeId> ids = watched.engine().fork(t.id, t.open);
    for (int i = 0; i < children.size(); i++) {
      Thought child = new Thought(ids.get(i), children.get(i), t);
      if (value(child) == 0) {
        end(child);
      } else {
        live.put(child.id, child);
      }
    }
  }

  private void prune(Thought pruned) {
    Thought t = pruned;
    Thought above = t.parent;
    while (above != null && above.parent != null && above.open == 1) {
      t = above;
      above = t.parent;
    }
    if (above != null) {
      above.open--;
      watched.engine().release(t.id);
    }
  }

  private int value(Thought t) {
    return template.nodes().get(t.index).value();
  }

  /** Frees the tree; its prompt stays cached. */
  void close() {
    watched.engine().release(root);
  }
}

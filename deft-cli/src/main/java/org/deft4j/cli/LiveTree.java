package org.deft4j.cli;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.budget.SearchBudget;
import org.deft4j.search.event.SearchEvent;
import org.jspecify.annotations.Nullable;

/**
 * The figures of a running search, and its tree in a few lines: one a depth, a sign a thought.
 * Digits are tenths of scores, {@code *} a solution, {@code .} a thought without a score, {@code x}
 * a dead end, {@code -} a pruned one.
 */
final class LiveTree {
  private final String label;
  private final SearchBudget budget;
  private final Map<Integer, List<Entry>> levels = new TreeMap<>();
  private final Map<Long, Entry> entries = new HashMap<>();
  private int live;
  private long decoded;
  private int nodes;
  private @Nullable Thought best;

  /** A thought. */
  private static final class Entry {
    final long parent;
    char sign;
    boolean pruned;

    Entry(long parent, char sign) {
      this.parent = parent;
      this.sign = sign;
    }
  }

  LiveTree(String label, SearchBudget budget) {
    this.label = label.isEmpty() ? "" : label + ": ";
    this.budget = budget;
  }

  /** Takes an event in; tells whether it was a step, after which one may draw. */
  boolean accept(SearchEvent event) {
    switch (event) {
      case SearchEvent.Stepped s -> {
        live = s.live();
        decoded = s.decoded();
        nodes = s.nodes();
        return true;
      }
      case SearchEvent.ThoughtAdded a -> add(a.thought());
      case SearchEvent.Scored s -> score(s.thought(), s.score());
      case SearchEvent.Pruned p -> {
        Entry e = entries.get(p.thought());
        if (e != null) {
          e.pruned = true;
        }
      }
      case SearchEvent.Selected s -> best = s.best();
      default -> {}
    }
    return false;
  }

  private void add(Thought t) {
    Entry entry = new Entry(t.parent(), t.dead() ? 'x' : '.');
    entries.put(t.ordinal(), entry);
    levels.computeIfAbsent(t.depth(), _ -> new ArrayList<>()).add(entry);
  }

  private void score(long thought, Score score) {
    Entry entry = entries.get(thought);
    if (entry != null) {
      int tenths = (int) Math.min(9, Math.floor(score.value() * 10));
      entry.sign = score.solved() ? '*' : (char) ('0' + tenths);
    }
  }

  /** All figures in one line. */
  String line(double seconds) {
    Thought top = best;
    return String.format(
        Locale.ROOT,
        "%s%s, depth %d, %d live, %,d tokens (%,.0f/s)%s%s, %.1f s",
        label,
        Format.plural(nodes, "thought"),
        levels.isEmpty() ? 0 : ((TreeMap<Integer, List<Entry>>) levels).lastKey(),
        live,
        decoded,
        seconds > 0 ? decoded / seconds : 0,
        top == null || top.score().isEmpty()
            ? ""
            : ", best " + Format.number(top.score().get().value()),
        used(seconds),
        seconds);
  }

  /** The share of the budget that is used: of the limit that is nearest. */
  private String used(double seconds) {
    double share = 0;
    if (budget.decodeTokens() < Long.MAX_VALUE) {
      share = decoded / (double) budget.decodeTokens();
    }
    if (budget.nodes() < Long.MAX_VALUE) {
      share = Math.max(share, nodes / (double) budget.nodes());
    }
    double most = budget.time().toNanos() / 1e9;
    if (most < 1e9) {
      share = Math.max(share, seconds / most);
    }
    return share == 0 ? "" : String.format(Locale.ROOT, ", budget %.0f %%", 100 * share);
  }

  /**
   * The tree.
   *
   * @param most lines at most; the deepest levels where there are more
   * @param columns of a line; a level of more thoughts shows its newest
   */
  List<String> levels(int most, int columns) {
    List<String> lines = new ArrayList<>();
    int skip = Math.max(0, levels.size() - most);
    for (Map.Entry<Integer, List<Entry>> level : levels.entrySet()) {
      if (skip-- > 0) {
        continue;
      }
      List<Entry> all = level.getValue();
      String head = String.format(Locale.ROOT, "%3d |", level.getKey());
      int room = Math.max(1, columns - head.length() - 10);
      StringBuilder signs = new StringBuilder();
      for (Entry e : all.subList(Math.max(0, all.size() - room), all.size())) {
        signs.append(gone(e) && e.sign != 'x' ? '-' : e.sign);
      }
      lines.add(head + (all.size() > room ? "+" + (all.size() - room) + " " : "") + signs);
    }
    return lines;
  }

  private boolean gone(Entry entry) {
    for (Entry e = entry; e != null; e = entries.get(e.parent)) {
      if (e.pruned) {
        return true;
      }
    }
    return false;
  }

  /** The best answer so far, if there is one. */
  String best() {
    Thought top = best;
    return top == null ? "" : top.answer().map(a -> "best: " + Cli.oneLine(a)).orElse("");
  }
}

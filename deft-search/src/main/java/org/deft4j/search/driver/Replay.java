package org.deft4j.search.driver;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deft4j.search.budget.Usage;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * Folds a recording through a search: its strategy is asked and told exactly as it was, and its
 * asks are compared with the recorded ones; results come from the recording.
 *
 * <p>A list of thoughts and an evaluation count only when the ask is closed: they were told in one
 * go, and half of one means that the recording broke off there.
 */
final class Replay {
  private final Search search;
  private final Asks asks;
  private final Journal journal;
  private final Branches branches;
  private final Recall recall;
  private final List<SearchEvent> events;
  private final Set<Long> closed = new HashSet<>();
  private final Set<SearchEvent> known = new HashSet<>();
  // By thought: what broke off halfway was told again when the search went on.
  private final Map<Long, Map<Long, SearchEvent.ThoughtAdded>> listed = new HashMap<>();
  private final Map<Long, Map<Long, SearchEvent.Scored>> scored = new HashMap<>();
  private final List<SearchEvent> late = new ArrayList<>();
  private @Nullable Usage usage;

  Replay(Search search, Asks asks, Branches branches, Journal journal, List<SearchEvent> events) {
    this.search = search;
    this.asks = asks;
    this.journal = journal;
    this.branches = branches;
    this.recall = branches.recall();
    this.events = events;
    for (SearchEvent e : events) {
      if (e instanceof SearchEvent.Closed c) {
        closed.add(c.ask());
      }
      if (tellsResult(e)) {
        known.add(e);
      }
    }
  }

  private static boolean tellsResult(SearchEvent e) {
    return e instanceof SearchEvent.Closed
        || e instanceof SearchEvent.Scored
        || e instanceof SearchEvent.Pruned;
  }

  /** The search says something while it is played again; kept if the recording lacks it. */
  void hear(SearchEvent event) {
    if (tellsResult(event) && !known.contains(event)) {
      late.add(event);
    }
  }

  /** What followed from the recorded events, but broke off before it was recorded. */
  List<SearchEvent> late() {
    return late;
  }

  /** Whether the recording knows what came of an ask. */
  boolean knows(long ask) {
    return closed.contains(ask);
  }

  /** Folds all events. */
  void run() {
    for (int i = 0; i < events.size(); i++) {
      switch (events.get(i)) {
        case SearchEvent.Asked a -> asked(a, i);
        case SearchEvent.BudgetSpent b -> usage = b.usage();
        case SearchEvent.ThoughtAdded t -> added(t, i);
        case SearchEvent.Scored s ->
            scored.computeIfAbsent(s.ask(), _ -> new LinkedHashMap<>()).put(s.thought(), s);
        case SearchEvent.Closed c -> close(c);
        case SearchEvent.SoftLimit _ -> search.soften();
        case SearchEvent.Stepped s -> journal.stepped(s.live());
        case SearchEvent.Started _,
            SearchEvent.TokenBatch _,
            SearchEvent.Selected _,
            SearchEvent.Pruned _,
            SearchEvent.Demoted _,
            SearchEvent.Evicted _,
            SearchEvent.Restored _,
            SearchEvent.Paused _,
            SearchEvent.Resumed _,
            SearchEvent.Finished _ -> {}
      }
    }
  }

  private void asked(SearchEvent.Asked a, int index) {
    SearchEvent.Asked again = search.askAgain(a);
    if (!again.asks().equals(a.asks())) {
      throw mismatch(index, "the strategy asked " + again.asks() + ", not " + a.asks());
    }
  }

  private void added(SearchEvent.ThoughtAdded t, int index) {
    if (recall.lists(t.ask())) {
      listed.computeIfAbsent(t.ask(), _ -> new LinkedHashMap<>()).put(t.thought().ordinal(), t);
    } else if (recall.recorded(t)) {
      settle();
    } else {
      throw mismatch(index, "nobody asked for thought " + t.thought().ordinal());
    }
  }

  private void close(SearchEvent.Closed c) {
    OpenAsk ask = asks.find(c.ask());
    if (ask != null) {
      recall.recorded(c.ask(), List.copyOf(listed.getOrDefault(c.ask(), Map.of()).values()));
      asks.scoredAgain(ask, List.copyOf(scored.getOrDefault(c.ask(), Map.of()).values()));
      c.limit().ifPresent(limit -> asks.refused(ask, limit));
      ask.because(c.why());
      branches.ended(c.ask(), c.why());
      asks.closeIfEnded(ask);
    }
    settle();
  }

  private void settle() {
    if (usage != null) {
      branches.restore(usage);
      usage = null;
    }
    branches.admit();
  }

  private static DeftException mismatch(int index, String what) {
    return new DeftException(
        DeftException.RUNTIME,
        "the trace does not fit this search, at its event "
            + (index + 1)
            + ": "
            + what
            + "; was it made with another version, strategy or setting?");
  }
}

package org.deft4j.search.driver;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.strategy.Told;

/**
 * What an earlier run of a search did, as far as it is known: from a trace, or from a snapshot. A
 * search that begins with one goes on where it ends; nothing that was finished is computed again,
 * but for keys and values, which are rebuilt when a thought is needed.
 *
 * @param events in order from the start; what was in flight at their end is not known
 * @param spare thoughts of a run that had gone another way from there: they are taken, not computed
 *     again, where this one asks for the same
 * @param stopped why the search ended, if it did
 * @param nanos how long it had run
 */
public record Recording(
    List<SearchEvent> events,
    List<SearchEvent.ThoughtAdded> spare,
    Optional<StopReason> stopped,
    long nanos) {
  /** Nothing recorded. */
  public static final Recording NONE = new Recording(List.of(), List.of(), Optional.empty(), 0);

  /** Copies lists. */
  public Recording {
    events = List.copyOf(events);
    spare = List.copyOf(spare);
  }

  /** Whether there is anything. */
  public boolean isEmpty() {
    return events.isEmpty();
  }

  /**
   * The part before the budget first mattered: a larger budget goes on from there. The thoughts
   * after it become {@link #spare}.
   */
  public Recording beforeLimits() {
    int end = 0;
    while (end < events.size() && !limited(events.get(end))) {
      end++;
    }
    boolean own =
        end == events.size()
            && stopped.map(s -> s == StopReason.FINISHED || s == StopReason.SOLVED).orElse(false);
    return rewound(end, own ? stopped : Optional.empty());
  }

  /** The first so many events; the thoughts after them become {@link #spare}. */
  public Recording rewound(int to) {
    return rewound(to, Optional.empty());
  }

  private Recording rewound(int to, Optional<StopReason> reason) {
    List<SearchEvent.ThoughtAdded> more = new ArrayList<>(spare);
    for (SearchEvent e : events.subList(to, events.size())) {
      if (e instanceof SearchEvent.ThoughtAdded t && !t.cut()) {
        more.add(t);
      }
    }
    return new Recording(events.subList(0, to), more, reason, nanos);
  }

  private static boolean limited(SearchEvent event) {
    return switch (event) {
      case SearchEvent.Closed c -> c.why() == Told.Why.BUDGET;
      case SearchEvent.ThoughtAdded t -> t.cut();
      case SearchEvent.SoftLimit _ -> true;
      default -> false;
    };
  }
}

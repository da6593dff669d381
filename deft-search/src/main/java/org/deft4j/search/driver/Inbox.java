package org.deft4j.search.driver;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.deft4j.search.strategy.Told;

/** What a strategy is to be told next: as it came, or in the order of its asks. */
final class Inbox {
  private final boolean ordered;
  private final Map<Long, Integer> order = new HashMap<>();
  private List<Told> mail = new ArrayList<>();

  Inbox(boolean ordered) {
    this.ordered = ordered;
  }

  /** The strategy asked this, after all it asked before. */
  void asked(long ask) {
    if (ordered) {
      order.put(ask, order.size());
    }
  }

  void add(Told told) {
    mail.add(told);
  }

  boolean isEmpty() {
    return mail.isEmpty();
  }

  /** All mail; then there is none. */
  List<Told> take() {
    List<Told> all = mail;
    mail = new ArrayList<>();
    if (ordered) {
      all.sort(
          Comparator.comparingInt((Told t) -> order.getOrDefault(t.ask(), Integer.MAX_VALUE))
              .thenComparingInt(t -> t instanceof Told.Closed ? 1 : 0)
              .thenComparingLong(Inbox::thought));
    }
    return all;
  }

  private static long thought(Told told) {
    return switch (told) {
      case Told.Grown g -> g.thought().ordinal();
      case Told.Scored s -> s.thought();
      case Told.Closed _ -> 0;
    };
  }

  /** All asks are closed and told: their order is of no more use. */
  void forgetOrder() {
    order.clear();
  }
}

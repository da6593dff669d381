package org.deft4j.search.driver;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.deft4j.search.Thought;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.strategy.Ask;
import org.deft4j.search.strategy.RevisitCost;
import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.search.strategy.StrategyContext;
import org.deft4j.search.strategy.Told;
import org.deft4j.tree.DeftException;

/**
 * Plays a recording again without a model, a problem or a budget: a strategy is asked and told as
 * it was, and its asks are compared with the recorded ones. Shows that a trace is whole and that
 * the strategy is a function of what it is told; develops one against recorded searches.
 *
 * @param thoughts all thoughts by ordinal, with their scores, the root first
 * @param best what the strategy would answer at the end of the recording
 * @param rounds how often it was asked
 */
public record StrategyReplay(List<Thought> thoughts, Optional<Thought> best, int rounds) {
  /** Copies the list. */
  public StrategyReplay {
    thoughts = List.copyOf(thoughts);
  }

  /**
   * Plays all events.
   *
   * @param strategy a fresh strategy, made as the recorded one was
   * @param context what that was told at the start
   * @param ordered whether the search was ordered
   * @throws DeftException with exit code 1 at the first ask that differs
   */
  public static StrategyReplay of(
      SearchStrategy strategy, StrategyContext context, List<SearchEvent> events, boolean ordered) {
    TreeMap<Long, Thought> thoughts = new TreeMap<>();
    thoughts.put(Thought.ROOT, context.root());
    TreeMap<Long, Integer> costs = new TreeMap<>();
    RevisitCost cost = t -> costs.getOrDefault(t, 0);
    strategy.start(
        new StrategyContext(
            context.root(),
            context.evaluator(),
            context.joint(),
            context.canPropose(),
            context.proves(),
            context.seed(),
            cost));
    Inbox inbox = new Inbox(ordered);
    int rounds = 0;
    for (int i = 0; i < events.size(); i++) {
      switch (events.get(i)) {
        case SearchEvent.Asked a -> {
          inbox.take().forEach(strategy::tell);
          costs.clear();
          costs.putAll(a.costs());
          List<Ask> asks = strategy.ask(a.slots());
          rounds++;
          if (!asks.equals(a.asks())) {
            throw new DeftException(
                DeftException.RUNTIME,
                "event %d: the strategy asks %s, the recorded one asked %s"
                    .formatted(i + 1, asks, a.asks()));
          }
          inbox.forgetOrder();
          asks.forEach(ask -> ordered(inbox, ask));
        }
        case SearchEvent.ThoughtAdded t -> {
          thoughts.put(t.thought().ordinal(), t.thought());
          inbox.add(new Told.Grown(t.ask(), t.thought()));
        }
        case SearchEvent.Scored s -> {
          thoughts.computeIfPresent(s.thought(), (_, t) -> t.withScore(s.score()));
          inbox.add(new Told.Scored(s.ask(), s.thought(), s.score()));
        }
        case SearchEvent.Closed c -> inbox.add(new Told.Closed(c.ask(), c.results(), c.why()));
        case SearchEvent.SoftLimit _ -> {
          inbox.take().forEach(strategy::tell);
          strategy.finish();
        }
        default -> {}
      }
    }
    inbox.take().forEach(strategy::tell);
    return new StrategyReplay(new ArrayList<>(thoughts.values()), strategy.current(), rounds);
  }

  private static void ordered(Inbox inbox, Ask ask) {
    switch (ask) {
      case Ask.Expand e -> inbox.asked(e.id());
      case Ask.Evaluate e -> inbox.asked(e.id());
      case Ask.Cancel _, Ask.Prune _ -> {}
    }
  }

  /** Names the tree, as {@link SearchResult#treeHash} does. */
  public String treeHash() {
    return TreeHash.of(thoughts);
  }
}

package org.deft4j.cli.report;

import java.util.Locale;
import java.util.function.LongSupplier;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.budget.Usage;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.event.SearchListener;

/** Fills a {@link SearchLog} while its search runs. */
public final class EventLog implements SearchListener {
  private final SearchLog log = new SearchLog();
  private final LongSupplier nanoClock;
  private final long began;

  /**
   * A listener for one search.
   *
   * @param nanoClock nanoseconds, as of {@link System#nanoTime}
   */
  public EventLog(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
    began = nanoClock.getAsLong();
  }

  /** What was heard so far. */
  public SearchLog log() {
    return log;
  }

  private double now() {
    return (nanoClock.getAsLong() - began) / 1e9;
  }

  @Override
  public void on(SearchEvent event) {
    switch (event) {
      case SearchEvent.Started s -> log.started(s.problem().text());
      case SearchEvent.Stepped s ->
          log.stepped(now(), s.live(), s.decoded(), s.kvBytes(), s.kvBytesShared());
      case SearchEvent.ThoughtAdded a -> add(a.thought());
      case SearchEvent.Scored s ->
          log.scored(s.thought(), s.score().value(), s.score().solved(), s.score().source());
      case SearchEvent.Selected s -> log.selected(s.best().ordinal());
      case SearchEvent.Pruned p -> log.pruned(p.thought(), p.why());
      case SearchEvent.BudgetSpent b -> spent(b.usage());
      case SearchEvent.SoftLimit s ->
          log.note(now(), "soft limit reached: " + s.limit().name().toLowerCase(Locale.ROOT));
      case SearchEvent.Evicted e ->
          log.note(now(), "#" + e.thought() + " lost the keys and values of " + e.tokens());
      case SearchEvent.Restored r ->
          log.note(now(), "#" + r.thought() + " computed again, " + r.tokens() + " tokens");
      case SearchEvent.Paused _ -> log.note(now(), "paused");
      case SearchEvent.Resumed _ -> log.note(now(), "went on");
      case SearchEvent.Finished f -> finished(f.result());
      default -> {}
    }
  }

  private void add(Thought t) {
    SearchLog.State state =
        switch (t.state()) {
          case ThoughtState.Partial _ -> SearchLog.State.PARTIAL;
          case ThoughtState.Answer _ -> SearchLog.State.ANSWER;
          case ThoughtState.Dead _ -> SearchLog.State.DEAD;
        };
    log.thought(
        now(),
        t.ordinal(),
        t.parent(),
        t.depth(),
        t.stage(),
        t.text(),
        state,
        t.state().text(),
        t.tokens(),
        t.logProb());
  }

  private void spent(Usage u) {
    log.spent(Ledger.DECODED, u.decodeTokens());
    log.spent(Ledger.EVALUATOR, u.evaluatorTokens());
    log.spent(Ledger.PREFILLED, u.prefillTokens());
    log.spent(Ledger.REUSED, u.reusedTokens());
    log.spent(Ledger.NODES, u.nodes());
  }

  private void finished(SearchResult r) {
    spent(
        new Usage(
            r.tokens().decoded() + r.tokens().evaluator(),
            r.tokens().evaluator(),
            r.tokens().prefilled(),
            r.tokens().reused(),
            r.tree().nodes()));
    log.best(r.best().stream().map(Thought::ordinal).toList());
    log.fact("answer", r.answer().orElse("none"));
    log.fact(
        "solved",
        r.solved() ? "yes" : r.grade().graded() ? "no, error " + r.grade().error() : "not graded");
    log.fact("stopped", r.stopped().id());
    log.fact("time", String.format(Locale.ROOT, "%.2f s", r.seconds()));
  }
}

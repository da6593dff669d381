package org.deft4j.search.driver;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.deft4j.search.budget.BudgetMeter;
import org.deft4j.search.budget.Usage;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.event.SearchListener;
import org.deft4j.tree.decode.DecoderStats;
import org.jspecify.annotations.Nullable;

/** What one search says of itself: events for its listener, and figures of its result. */
final class Journal {
  private final SearchListener listener;
  private final Figures figures;
  private final List<SearchEvent.Sample> samples = new ArrayList<>();
  private @Nullable Consumer<SearchEvent> instead;
  private boolean silent;
  private Usage spent = Usage.NONE;

  Journal(SearchListener listener, Figures figures) {
    this.listener = listener;
    this.figures = figures;
  }

  /** Tells this one in place of the listener, from now on; null for the listener again. */
  void tell(@Nullable Consumer<SearchEvent> other) {
    instead = other;
  }

  /** Tells nobody anything, or goes on telling. */
  void silent(boolean now) {
    silent = now;
  }

  /** Tells the listener; tokens sampled before go first. */
  void emit(SearchEvent event) {
    if (instead != null) {
      instead.accept(event);
      return;
    }
    if (silent) {
      return;
    }
    if (!samples.isEmpty()) {
      SearchEvent.TokenBatch batch = new SearchEvent.TokenBatch(samples);
      samples.clear();
      listener.on(batch);
    }
    listener.on(event);
  }

  /** A token was sampled on one of the search's branches. */
  void sampled(long branch, int token) {
    samples.add(new SearchEvent.Sample(branch, token));
    if (branch < 0) {
      figures.evaluatorSampled++;
    } else {
      figures.sampled++;
    }
  }

  /** Tokens were appended to hypotheses of a beam. */
  void appended(long tokens) {
    figures.sampled += tokens;
  }

  /** Tells the totals of the budget, if they have changed. */
  void spent(Usage now) {
    if (!silent && !now.equals(spent)) {
      spent = now;
      emit(new SearchEvent.BudgetSpent(now));
    }
  }

  /** Takes over totals that a recording has told. */
  void restore(Usage told) {
    spent = told;
    figures.sampled = told.decodeTokens() - told.evaluatorTokens();
  }

  /** A thought of this depth is finished. */
  void reached(int depth) {
    figures.depth = Math.max(figures.depth, depth);
  }

  /** A step is about to be made with so many branches. */
  void stepping(int live, BudgetMeter meter, DecoderStats now) {
    stepped(live);
    emit(
        new SearchEvent.Stepped(
            live,
            figures.sampled,
            Math.toIntExact(meter.nodesMade()),
            now.steps(),
            now.kvBytes(),
            now.kvBytesShared()));
  }

  /** A step was made with so many branches. */
  void stepped(int live) {
    figures.steps += live > 0 ? 1 : 0;
    figures.maxWidth = Math.max(figures.maxWidth, live);
  }
}

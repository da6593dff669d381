package org.deft4j.search.driver;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.function.LongSupplier;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.TreeDecoder;

/**
 * Runs searches on a decoder: all branches of all its searches advance in one batch a step.
 *
 * <p>Searches share the width by their {@linkplain SearchRequest#weight weights}: each may fill its
 * share first, and what one leaves free the others take, those that got least for their weight so
 * far before the rest. A branch at work is never taken away; a search that comes later gets its
 * share as branches end.
 *
 * <p>A driver belongs to the thread that steps it, as its decoder does; only {@link Search#cancel},
 * {@link Search#pause} and {@link Search#resume} may be called from elsewhere. {@link
 * SearchService} is for many threads. Closing the decoder is its owner's business.
 */
public final class SearchDriver {
  /** A branch that found no room between steps this often waits no longer for others to end. */
  private static final int PATIENCE = 3;

  private final Lanes lanes;
  private final LongSupplier nanoClock;
  private final List<Search> running = new ArrayList<>();

  /** Branches that are put back at the next step that finds no room for any. */
  private int excess = 1;

  /** A driver of this decoder. */
  public SearchDriver(TreeDecoder decoder) {
    this(decoder, Integer.MAX_VALUE, System::nanoTime);
  }

  /** A driver with a clock of its own. */
  public SearchDriver(TreeDecoder decoder, LongSupplier nanoClock) {
    this(decoder, Integer.MAX_VALUE, nanoClock);
  }

  /**
   * A driver.
   *
   * @param width most branches at work at once, at least 1; the decoder's own limit holds too
   * @param nanoClock as {@link System#nanoTime}
   */
  public SearchDriver(TreeDecoder decoder, int width, LongSupplier nanoClock) {
    if (width < 1) {
      throw new IllegalArgumentException("width must be at least 1, was " + width);
    }
    this.lanes = new Lanes(decoder, width);
    this.nanoClock = nanoClock;
  }

  /**
   * Begins a search; {@link #step} advances it.
   *
   * @throws org.deft4j.tree.DeftException with exit code 2 if problem, model, strategy and
   *     evaluator do not fit together, saying what is lacking; with exit code 1 if the request's
   *     recording is of another search
   */
  public Search submit(SearchRequest request) {
    Search search = new Search(request, lanes, nanoClock, this::relieve);
    running.add(search);
    return search;
  }

  /**
   * One step of the decoder for all searches. What it brings is heard, and a search ends, at the
   * beginning of the next call. Where all that run are paused and stand still, no step is made.
   *
   * <p>When the decoder's memory is used up, thoughts that nobody works on may lose their keys and
   * values, in the order of {@link org.deft4j.search.strategy.SearchStrategy#revisitValue}. When
   * that is not enough, fewer branches run; and when that is not enough, the search that holds most
   * ends with its best answer so far and {@link StopReason#MEMORY}, and {@link Search#cause} has
   * what the decoder said. The others go on.
   *
   * @return whether a search is still running; if not, no step was made
   * @throws org.deft4j.tree.DeftException with exit code 5 if there is no room for the only search
   *     before it has a thought: more memory is the one thing that helps then
   */
  public boolean step() {
    try {
      prepare();
      running.removeIf(Search::done);
      if (running.isEmpty()) {
        return false;
      }
      if (lanes.idle()) {
        if (running.stream().allMatch(Search::standing)) {
          return true;
        }
        if (running.stream().anyMatch(Search::computing)) {
          // Not forever: the time of a search may run out meanwhile, or it may be cancelled.
          lanes.await(20);
          return true;
        }
        throw new IllegalStateException("a search waits, but no branch is at work");
      }
      running.forEach(Search::stepping);
      try {
        lanes.step();
        excess = 1;
      } catch (DeftException e) {
        outOfMemoryInStep(e);
      }
      return true;
    } catch (RuntimeException | Error e) {
      for (Search search : running) {
        try {
          search.abandon();
        } catch (RuntimeException again) {
          if (again != e) {
            e.addSuppressed(again);
          }
        }
      }
      running.clear();
      throw e;
    }
  }

  /** Whether all searches that run are paused and have no branch at work. */
  public boolean standing() {
    return lanes.idle() && running.stream().allMatch(Search::standing);
  }

  private void prepare() {
    double weights = running.stream().mapToInt(Search::weight).sum();
    // Two rounds: shares first, then what is left of them.
    for (boolean share : new boolean[] {true, false}) {
      List<Search> order = new ArrayList<>(running);
      order.sort(Comparator.comparingDouble(s -> (double) s.served() / s.weight()));
      for (Search search : order) {
        if (!search.done() && (share || lanes.free() > 0)) {
          int quota = (int) Math.ceil(lanes.width() * (search.weight() / weights));
          search.quota(share ? Math.max(1, quota) : Integer.MAX_VALUE);
          prepare(search);
        }
      }
      if (running.size() == 1) {
        return;
      }
    }
  }

  private void prepare(Search search) {
    int reached = -1;
    while (true) {
      try {
        search.prepare();
        return;
      } catch (DeftException e) {
        requireOutOfMemory(e);
        // Tried again only if it came further than before.
        boolean further = search.width() > reached;
        reached = search.width();
        if (further && relieve()) {
          continue;
        }
        if (!lanes.idle()) {
          // What is at work will end and free some.
          search.narrow();
          return;
        }
        end(largest(), e);
      }
    }
  }

  private void outOfMemoryInStep(DeftException e) {
    requireOutOfMemory(e);
    // Before branches are put back: what they need is not idle, so that this comes to an end.
    boolean relieved = relieve();
    int broken = 0;
    for (Search search : running) {
      broken = Math.max(broken, search.putBackBroken());
    }
    // Branches of several searches could take each other's room in turns.
    if (broken <= PATIENCE && (relieved || broken > 0 && !lanes.idle())) {
      return;
    }
    if (broken > 0 || !preempt()) {
      end(largest(), e);
    }
  }

  /**
   * Puts branches back, each of the search that is widest then: one, and twice as many as the last
   * time where nothing came of the step since, so that a device that is full for hundreds of them
   * is not asked hundreds of times.
   *
   * @return whether there was one
   */
  private boolean preempt() {
    boolean whole = !lanes.told();
    if (!whole) {
      excess = 1;
    }
    int n = 0;
    while (n < excess && preemptOne(whole)) {
      n++;
    }
    excess = Math.max(1, 2 * n);
    return n > 0;
  }

  private boolean preemptOne(boolean whole) {
    return running.stream()
        .sorted(Comparator.comparingInt(Search::width).reversed())
        .anyMatch(s -> s.preempt(whole));
  }

  private Search largest() {
    List<Search> left = running.stream().filter(s -> !s.done()).toList();
    return Collections.max(left, Comparator.comparingLong(Search::held));
  }

  private static void requireOutOfMemory(DeftException e) {
    if (e.exitCode() != DeftException.OUT_OF_MEMORY) {
      throw e;
    }
  }

  private void end(Search search, DeftException e) {
    if (running.size() == 1 && !search.grew()) {
      throw e;
    }
    search.outOfMemory(e);
  }

  /** Lets idle thoughts of all searches be evicted; gives whether that is more than before. */
  private boolean relieve() {
    boolean more = false;
    for (Search any : running) {
      more |= !any.done() && any.relieve();
    }
    return more;
  }

  /** Runs one search to its end, and steps the others beside it. */
  public SearchResult run(SearchRequest request) {
    Search search = submit(request);
    while (!search.done()) {
      step();
    }
    return search.result().orElseThrow();
  }
}

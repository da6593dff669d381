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
 * <p>A driver belongs to the thread that steps it, as its decoder does; only {@link Search#cancel}
 * may be called from elsewhere. Closing the decoder is its owner's business.
 */
public final class SearchDriver {
  private final Lanes lanes;
  private final LongSupplier nanoClock;
  private final List<Search> running = new ArrayList<>();

  /** A driver of this decoder. */
  public SearchDriver(TreeDecoder decoder) {
    this(decoder, System::nanoTime);
  }

  /**
   * A driver with a clock of its own.
   *
   * @param nanoClock as {@link System#nanoTime}
   */
  public SearchDriver(TreeDecoder decoder, LongSupplier nanoClock) {
    this.lanes = new Lanes(decoder);
    this.nanoClock = nanoClock;
  }

  /**
   * Begins a search; {@link #step} advances it.
   *
   * @throws org.deft4j.tree.DeftException with exit code 2 if problem, model, strategy and
   *     evaluator do not fit together, saying what is lacking
   */
  public Search submit(SearchRequest request) {
    Search search = new Search(request, lanes, nanoClock);
    running.add(search);
    return search;
  }

  /**
   * One step of the decoder for all searches. What it brings is heard, and a search ends, at the
   * beginning of the next call.
   *
   * <p>When the decoder's memory is used up, the search whose branches asked for more ends with its
   * best answer so far and {@link StopReason#MEMORY}; where the step itself finds no room, that is
   * the one with the most branches at work. The others go on.
   *
   * @return whether a search is still running; if not, no step was made
   * @throws org.deft4j.tree.DeftException with exit code 5 if there is no room for the only search
   *     before it has a thought: more memory is the one thing that helps then
   */
  public boolean step() {
    try {
      for (Search search : running) {
        try {
          search.prepare();
        } catch (DeftException e) {
          outOfMemory(search, e);
        }
      }
      running.removeIf(Search::done);
      if (running.isEmpty()) {
        return false;
      }
      if (lanes.idle()) {
        throw new IllegalStateException("a search waits, but no branch is at work");
      }
      running.forEach(Search::stepping);
      try {
        lanes.step();
      } catch (DeftException e) {
        outOfMemory(Collections.max(running, Comparator.comparingInt(Search::width)), e);
      }
      return true;
    } catch (RuntimeException | Error e) {
      for (Search search : running) {
        try {
          search.abandon();
        } catch (RuntimeException again) {
          e.addSuppressed(again);
        }
      }
      running.clear();
      throw e;
    }
  }

  private void outOfMemory(Search search, DeftException e) {
    if (e.exitCode() != DeftException.OUT_OF_MEMORY || running.size() == 1 && !search.grew()) {
      throw e;
    }
    search.outOfMemory();
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

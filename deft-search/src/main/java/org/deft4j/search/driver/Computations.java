package org.deft4j.search.driver;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Predicate;
import org.deft4j.search.evaluate.Evaluation.Probe;
import org.deft4j.search.evaluate.Evaluation.Reading;
import org.deft4j.search.strategy.Told;

/**
 * What evaluators of one search compute beside the decoder: each on a virtual thread of its own,
 * for a limited time. Results wait until the driver's thread takes them.
 */
final class Computations {
  private final Asks asks;
  private final Lanes lanes;
  private final Set<Running> running = new LinkedHashSet<>();
  private final Queue<Ended> ended = new ConcurrentLinkedQueue<>();

  /** One that has not been taken. */
  record Running(
      Scoring scoring, int index, ThoughtTree.Entry at, CompletableFuture<Reading> result) {
    OpenAsk ask() {
      return scoring.ask;
    }

    @Override
    public boolean equals(Object o) {
      return this == o;
    }

    @Override
    public int hashCode() {
      return System.identityHashCode(this);
    }
  }

  private record Ended(Running what, Optional<Reading> reading, Optional<Throwable> failure) {}

  Computations(Asks asks, Lanes lanes) {
    this.asks = asks;
    this.lanes = lanes;
  }

  void start(Scoring scoring, int index, ThoughtTree.Entry at, Probe.Compute probe) {
    CompletableFuture<Reading> result = new CompletableFuture<>();
    Running one = new Running(scoring, index, at, result);
    running.add(one);
    Thread thread =
        Thread.ofVirtual()
            .name("deft-evaluator")
            .unstarted(() -> {
              try {
                result.complete(probe.work().call());
              } catch (Throwable e) {
                result.completeExceptionally(e);
              }
            });
    result.orTimeout(Math.max(1, probe.limit().toMillis()), TimeUnit.MILLISECONDS);
    CompletableFuture<?> unused =
        result.whenComplete((reading, failure) -> {
          ended.add(new Ended(one, Optional.ofNullable(reading), Optional.ofNullable(failure)));
          lanes.wake();
          if (failure != null) {
            // Late or given up: whatever still runs is of no use.
            thread.interrupt();
          }
        });
    thread.start();
  }

  /** How many have not been taken. */
  int running() {
    return running.size();
  }

  /** Hears of those that have ended. */
  void take() {
    for (Ended e = ended.poll(); e != null; e = ended.poll()) {
      Running one = e.what();
      if (!running.remove(one)) {
        continue;
      }
      Throwable failure = e.failure().orElse(null);
      if (failure != null && !(failure instanceof TimeoutException)) {
        throw failure instanceof RuntimeException r
            ? r
            : new IllegalStateException("an evaluator failed: " + failure, failure);
      }
      one.scoring().read(one.index(), e.reading().orElse(Reading.LATE));
      if (one.ask().pending == 1) {
        asks.scored(one.scoring());
      }
      asks.ended(one.ask());
    }
  }

  /** Gives these up and closes their asks as cancelled. */
  void drop(Predicate<Running> which) {
    List<Running> gone = new ArrayList<>();
    for (Running one : running) {
      if (which.test(one)) {
        gone.add(one);
      }
    }
    for (Running one : gone) {
      running.remove(one);
      one.result().completeExceptionally(new CancellationException());
      one.ask().because(Told.Why.CANCELLED);
      asks.ended(one.ask());
    }
  }

  /** Gives up all without a word. */
  void abandon() {
    for (Running one : running) {
      one.result().completeExceptionally(new CancellationException());
    }
    running.clear();
  }
}

package org.deft4j.search.driver;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.stream.Stream;
import org.deft4j.search.Thought;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/** A search that a {@link SearchService} runs. For any thread. */
public final class SearchHandle {
  private final SearchService service;
  private final CompletableFuture<SearchResult> result = new CompletableFuture<>();
  private final long began = System.nanoTime();
  private final Recording before;
  private final List<SearchEvent> events;
  private final List<LinkedBlockingQueue<Optional<SearchEvent>>> readers = new ArrayList<>();
  private volatile @Nullable Search search;
  private volatile boolean cancelled;
  private volatile boolean paused;

  SearchHandle(SearchService service, Recording before) {
    this.service = service;
    this.before = before;
    this.events = new ArrayList<>(before.events());
  }

  /**
   * The result, when the search has ended; completes with the exception that ended it, if one did.
   * What depends on it runs on a virtual thread, so that it may wait for other searches.
   */
  public CompletableFuture<SearchResult> result() {
    return result.whenCompleteAsync((done, failure) -> {}, Thread::startVirtualThread);
  }

  /**
   * What the search does from now on, in order, as it happens: the stream waits for each event and
   * ends with the search. Read it on a thread of its own; a virtual one is enough. What is not read
   * is kept, and the search never waits for a reader.
   */
  public Stream<SearchEvent> stream() {
    LinkedBlockingQueue<Optional<SearchEvent>> queue = new LinkedBlockingQueue<>();
    synchronized (events) {
      if (result.isDone()) {
        return Stream.empty();
      }
      readers.add(queue);
    }
    return Stream.generate(() -> take(queue)).takeWhile(Optional::isPresent).map(Optional::get);
  }

  private static Optional<SearchEvent> take(LinkedBlockingQueue<Optional<SearchEvent>> queue) {
    try {
      return queue.take();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  /** Ends the search at its next step, with its best answer so far. */
  public void cancel() {
    cancelled = true;
    apply();
  }

  /** Lets what is at work end and begins nothing new. */
  public void pause() {
    paused = true;
    apply();
  }

  /** Goes on after {@link #pause}. */
  public void resume() {
    paused = false;
    apply();
  }

  /** The best answering thought so far. */
  public Optional<Thought> current() {
    Search s = search;
    return s == null ? Optional.empty() : s.current();
  }

  /** As {@link Search#cause}. */
  public Optional<DeftException> cause() {
    Search s = search;
    return s == null ? Optional.empty() : s.cause();
  }

  /**
   * What the search did so far: another search, on this decoder or another of the same model, can
   * go on from it with {@link SearchRequest#after}. Tokens and thoughts; no keys and values.
   */
  public Recording snapshot() {
    synchronized (events) {
      SearchResult done = result.isDone() && !failed() ? result.join() : null;
      return new Recording(
          events,
          before.spare(),
          done == null ? Optional.empty() : Optional.of(done.stopped()),
          before.nanos() + System.nanoTime() - began);
    }
  }

  private boolean failed() {
    return result.isCompletedExceptionally();
  }

  // --- for the service's thread

  void began(Search begun) {
    search = begun;
    apply();
  }

  /** One at a time: of two calls at once, the later one's wish is the search's. */
  private synchronized void apply() {
    Search s = search;
    if (s != null) {
      if (cancelled) {
        s.cancel();
      }
      if (paused) {
        s.pause();
      } else {
        s.resume();
      }
    }
    service.wake();
  }

  @Nullable Search search() {
    return search;
  }

  void hear(SearchEvent event) {
    synchronized (events) {
      switch (event) {
        case SearchEvent.Asked _,
            SearchEvent.ThoughtAdded _,
            SearchEvent.Scored _,
            SearchEvent.Closed _,
            SearchEvent.BudgetSpent _,
            SearchEvent.SoftLimit _ ->
            events.add(event);
        default -> {}
      }
      readers.forEach(r -> r.add(Optional.of(event)));
    }
  }

  void ended(@Nullable SearchResult done, @Nullable Throwable failure) {
    synchronized (events) {
      if (done != null) {
        result.complete(done);
      } else {
        result.completeExceptionally(
            failure != null ? failure : new IllegalStateException("the service was closed"));
      }
      readers.forEach(r -> r.add(Optional.empty()));
      readers.clear();
    }
  }
}

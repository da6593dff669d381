package org.deft4j.search.driver;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import org.deft4j.tree.decode.TreeDecoder;
import org.jspecify.annotations.Nullable;

/**
 * Runs searches of many threads on one decoder: one thread steps the decoder for all of them, and
 * no branch and no search has a thread of its own.
 *
 * <p>That thread is a platform thread: it computes nearly all the time, and a virtual one would
 * keep a carrier from others. The decoder belongs to it until {@link #close}.
 */
public final class SearchService implements AutoCloseable {
  private final SearchDriver driver;
  private final LinkedBlockingQueue<Runnable> commands = new LinkedBlockingQueue<>();
  private final List<SearchHandle> running = new ArrayList<>();
  private final Thread thread;
  private volatile boolean closed;

  /** The thread looks at no more commands, but those that lie there now. */
  private volatile boolean ended;

  /** A service on this decoder, which its caller closes after the service. */
  public SearchService(TreeDecoder decoder) {
    this(decoder, Integer.MAX_VALUE);
  }

  /**
   * A service.
   *
   * @param width most branches at work at once
   */
  public SearchService(TreeDecoder decoder, int width) {
    driver = new SearchDriver(decoder, width, System::nanoTime);
    thread = Thread.ofPlatform().name("deft-search").daemon().start(this::loop);
  }

  /**
   * Begins a search; returns at once. What does not fit together fails the handle's result.
   *
   * @throws IllegalStateException after {@link #close}
   */
  public SearchHandle submit(SearchRequest request) {
    if (ended) {
      throw new IllegalStateException("the service is closed");
    }
    SearchHandle handle = new SearchHandle(this, request.recording());
    commands.add(() -> begin(request, handle));
    if (ended) {
      // It ended meanwhile, maybe before it saw the command: nobody else looks at the queue now.
      drain();
    }
    return handle;
  }

  private void drain() {
    for (Runnable r = commands.poll(); r != null; r = commands.poll()) {
      r.run();
    }
  }

  private void begin(SearchRequest request, SearchHandle handle) {
    if (closed) {
      handle.ended(null, null);
      return;
    }
    try {
      Search search = driver.submit(request.withListener(request.listener().andThen(handle::hear)));
      running.add(handle);
      handle.began(search);
    } catch (RuntimeException | Error e) {
      handle.ended(null, e);
    }
  }

  /** Makes the thread look at its searches again. */
  void wake() {
    commands.add(() -> {});
  }

  private void loop() {
    try {
      while (!closed || !running.isEmpty()) {
        Runnable next = running.isEmpty() || driver.standing() ? commands.take() : commands.poll();
        while (next != null) {
          next.run();
          next = commands.poll();
        }
        if (!running.isEmpty()) {
          step();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      closed = true;
      running.forEach(h -> h.ended(null, null));
      // Before the last look: a command that comes after it finds this set.
      ended = true;
      drain();
    }
  }

  private void step() {
    try {
      boolean _ = driver.step();
    } catch (RuntimeException | Error e) {
      // The driver has given up all its searches but those that had ended before.
      running.forEach(h -> h.ended(result(h), e));
      running.clear();
      return;
    }
    running.removeIf(h -> {
      Search search = h.search();
      if (search == null || !search.done()) {
        return false;
      }
      h.ended(result(h), null);
      return true;
    });
  }

  private static @Nullable SearchResult result(SearchHandle handle) {
    Search search = handle.search();
    return search == null ? null : search.result().orElse(null);
  }

  /**
   * Cancels all searches, waits until they have ended, and gives the decoder back.
   *
   * @throws IllegalStateException if a listener calls it: the thread cannot wait for itself
   */
  @Override
  public void close() {
    if (Thread.currentThread() == thread) {
      throw new IllegalStateException("a search cannot close the service that it runs on");
    }
    commands.add(() -> {
      closed = true;
      running.forEach(SearchHandle::cancel);
    });
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}

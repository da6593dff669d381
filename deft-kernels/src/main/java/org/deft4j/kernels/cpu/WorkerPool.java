package org.deft4j.kernels.cpu;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A fixed set of threads that run one task at a time, the caller being worker 0.
 *
 * <p>A token of a small model has some 40 matrix products of 2-160 us, and waking a parked thread
 * takes 30-50 us, so idle workers spin for a bounded time before they park. With one worker a task
 * is a plain call.
 */
public final class WorkerPool implements AutoCloseable {
  /** A parallel section; called once on every worker. */
  @FunctionalInterface
  public interface Task {
    /** Does the share of worker {@code worker} of {@code workers}. */
    void run(int worker, int workers);
  }

  // One counter a 128-byte line: neighbours would share a line, and its prefetched pair.
  private static final int LINE = 32;
  private static final long SPIN_NANOS = 150_000;
  private static final int CLOCK_MASK = 255;

  private final int workers;
  private final Thread[] threads;
  private final AtomicInteger epoch = new AtomicInteger();
  private final AtomicIntegerArray done;
  private final AtomicIntegerArray parked;
  private final AtomicInteger arrived = new AtomicInteger();
  private final AtomicInteger generation = new AtomicInteger();
  private volatile @Nullable Task task;
  private volatile @Nullable Throwable failure;
  private volatile boolean closed;

  /** Starts {@code workers - 1} daemon threads. */
  public WorkerPool(int workers) {
    if (workers < 1) {
      throw new IllegalArgumentException("workers " + workers + " < 1");
    }
    this.workers = workers;
    done = new AtomicIntegerArray(workers * LINE);
    parked = new AtomicIntegerArray(workers * LINE);
    threads = new Thread[workers - 1];
    for (int w = 1; w < workers; w++) {
      int worker = w;
      threads[w - 1] =
          Thread.ofPlatform().daemon().name("deft-kernel-" + w).unstarted(() -> loop(worker));
      threads[w - 1].start();
    }
  }

  /** Workers, the caller included. */
  public int workers() {
    return workers;
  }

  /** First of worker {@code w}'s items of {@code n}; its end is that of worker {@code w + 1}. */
  public static int share(int n, int w, int workers) {
    return (int) ((long) n * w / workers);
  }

  /**
   * Runs the task on all workers and waits for them. One caller at a time; a task must not call it.
   *
   * @throws RuntimeException or Error that some worker's share threw
   */
  public void run(Task t) {
    if (closed) {
      throw new IllegalStateException("the worker pool is closed");
    }
    if (workers == 1) {
      t.run(0, 1);
      return;
    }
    task = t;
    int e = epoch.incrementAndGet();
    for (int w = 1; w < workers; w++) {
      if (parked.get(w * LINE) != 0) {
        LockSupport.unpark(threads[w - 1]);
      }
    }
    share(t, 0);
    for (int w = 1; w < workers; w++) {
      await(done, w * LINE, e);
    }
    task = null;
    Throwable f = failure;
    if (f != null) {
      failure = null;
      arrived.set(0);
      rethrow(f);
    }
  }

  /** Waits until every worker of the running task has come here. */
  public void barrier() {
    if (workers == 1) {
      return;
    }
    int g = generation.get();
    if (arrived.incrementAndGet() == workers) {
      arrived.set(0);
      generation.set(g + 1);
      return;
    }
    int spins = 0;
    long start = 0;
    while (generation.get() == g) {
      if (failure != null) {
        throw new IllegalStateException("another worker failed");
      }
      start = pause(++spins, start);
    }
  }

  /** Stops the threads; idempotent. */
  @Override
  public void close() {
    closed = true;
    for (Thread t : threads) {
      LockSupport.unpark(t);
    }
  }

  private void loop(int w) {
    int seen = 0;
    while (true) {
      int spins = 0;
      long start = 0;
      while (epoch.get() == seen) {
        if (closed) {
          return;
        }
        Thread.onSpinWait();
        if ((++spins & CLOCK_MASK) == 0) {
          long now = System.nanoTime();
          if (start == 0) {
            start = now;
          } else if (now - start > SPIN_NANOS) {
            parked.set(w * LINE, 1);
            if (epoch.get() == seen && !closed) {
              LockSupport.park(this);
            }
            parked.set(w * LINE, 0);
          }
        }
      }
      seen = epoch.get();
      Task t = task;
      if (t != null) {
        share(t, w);
      }
      done.set(w * LINE, seen);
    }
  }

  private void share(Task t, int w) {
    try {
      t.run(w, workers);
    } catch (RuntimeException | Error e) {
      // A second failure is a consequence of the first (see barrier).
      if (failure == null) {
        failure = e;
      }
    }
  }

  private static void await(AtomicIntegerArray counters, int index, int value) {
    int spins = 0;
    long start = 0;
    while (counters.get(index) != value) {
      start = pause(++spins, start);
    }
  }

  // Where threads outnumber free processors, the one waited for may need this one's.
  private static long pause(int spins, long start) {
    Thread.onSpinWait();
    if ((spins & CLOCK_MASK) == 0) {
      long now = System.nanoTime();
      if (start == 0) {
        return now;
      }
      if (now - start > SPIN_NANOS) {
        Thread.yield();
      }
    }
    return start;
  }

  private static void rethrow(Throwable f) {
    if (f instanceof RuntimeException r) {
      throw r;
    }
    throw (Error) f;
  }
}

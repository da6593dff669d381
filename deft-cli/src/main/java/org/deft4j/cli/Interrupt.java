package org.deft4j.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Ctrl-C: tells the running search to stop, and lets it report before the process ends.
 *
 * <p>A signal makes the virtual machine run its shutdown hooks and then exit with 128 plus the
 * signal's number, 130 for Ctrl-C. The hook of this class cancels and waits until the command has
 * reported; a search stops at its next step.
 */
public final class Interrupt {
  /** Exit code of an interrupted command. */
  static final int EXIT_CODE = 130;

  /** A step of a large model on a slow machine may take seconds. */
  private static final long GRACE_SECONDS = 20;

  private static final Runnable NOTHING = () -> {};

  private final AtomicBoolean raised = new AtomicBoolean();
  private final AtomicBoolean finished = new AtomicBoolean();
  private final AtomicReference<Runnable> action = new AtomicReference<>(NOTHING);
  private final CountDownLatch reported = new CountDownLatch(1);

  /** One that only {@link #raise} raises. */
  Interrupt() {}

  /** One that this process's termination raises. */
  static Interrupt ofProcess() {
    Interrupt interrupt = new Interrupt();
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  if (!interrupt.finished.get()) {
                    interrupt.raise();
                    interrupt.awaitReport();
                  }
                },
                "deft-interrupt"));
    return interrupt;
  }

  /** Whether the command was interrupted. */
  boolean raised() {
    return raised.get();
  }

  /** Interrupts: runs the current action, once. */
  void raise() {
    raised.set(true);
    action.getAndSet(NOTHING).run();
  }

  /** Sets what an interrupt does from now on; done at once where it has already happened. */
  void onRaise(Runnable cancel) {
    action.set(cancel);
    if (raised.get()) {
      action.getAndSet(NOTHING).run();
    }
  }

  /**
   * The command has reported.
   *
   * @return whether it had been interrupted, so that the process is ending by itself
   */
  boolean finish() {
    finished.set(true);
    reported.countDown();
    return raised.get();
  }

  private void awaitReport() {
    try {
      // Past the grace the process ends whether or not the command has reported.
      boolean _ = reported.await(GRACE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

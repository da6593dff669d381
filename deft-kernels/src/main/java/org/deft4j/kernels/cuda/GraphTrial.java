package org.deft4j.kernels.cuda;

/**
 * Two graphs that do the same: finds out which is faster by launching them in turns for the steps
 * that there are anyway, the best time of each counting. Until it is known, a launch waits for the
 * one before.
 */
final class GraphTrial implements AutoCloseable {
  /** Work that is launched as a whole. */
  interface Graph extends AutoCloseable {
    /** Queues it. */
    void launch();

    @Override
    void close();
  }

  /** Measures what was queued between two points. */
  interface Stopwatch extends AutoCloseable {
    void start();

    void stop();

    /** Waits for the end and gives the microseconds. */
    double micros();

    @Override
    void close();
  }

  /** Launches of each. */
  static final int ROUNDS = 8;

  /** What the second has to take of the first one's time to be taken. */
  private static final double NOISE = 0.998;

  private final Graph[] graphs;
  private final double[] best = {Double.MAX_VALUE, Double.MAX_VALUE};
  private final Stopwatch timer;
  private int launches;

  /** All of them are the trial's from now on. */
  GraphTrial(Stopwatch timer, Graph first, Graph second) {
    graphs = new Graph[] {first, second};
    this.timer = timer;
  }

  /** Launches one of them, or none if {@link #better} is known. */
  boolean launch() {
    if (launches > 0) {
      int before = (launches - 1) % 2;
      best[before] = Math.min(best[before], timer.micros());
    }
    if (launches == 2 * ROUNDS) {
      return false;
    }
    timer.start();
    graphs[launches % 2].launch();
    timer.stop();
    launches++;
    return true;
  }

  /** Whether the second graph is the better one. */
  boolean better() {
    return best[1] < NOISE * best[0];
  }

  /** Gives the better graph away and the other one up. */
  Graph take() {
    int better = better() ? 1 : 0;
    timer.close();
    graphs[1 - better].close();
    return graphs[better];
  }

  /** Gives both up. */
  @Override
  public void close() {
    timer.close();
    graphs[0].close();
    graphs[1].close();
  }
}

package org.deft4j.kernels.cuda;

import java.util.Arrays;
import java.util.Locale;

/**
 * Two graphs that do the same: finds out which is faster by launching them in turns for the steps
 * that there are anyway. Until it is known, a launch waits for the one before.
 *
 * <p>Steps differ, and their context grows. So the turns are first, second, second, first, and what
 * counts is the median of the differences between neighbours.
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

  /** Launches of each, an even number. */
  static final int ROUNDS = 8;

  /** What the second has to take of the first one's time to be taken. */
  private static final double NOISE = 0.998;

  private final Graph[] graphs;
  private final double[][] micros = new double[2][ROUNDS];
  private final Stopwatch timer;
  private int launches;

  /** All of them are the trial's from now on. */
  GraphTrial(Stopwatch timer, Graph first, Graph second) {
    graphs = new Graph[] {first, second};
    this.timer = timer;
  }

  /** Whose turn a launch is: 0, 1, 1, 0. */
  private static int turn(int launch) {
    return (launch + 1) / 2 % 2;
  }

  /** Launches one of them, or none if {@link #better} is known. */
  boolean launch() {
    if (launches > 0) {
      int before = launches - 1;
      micros[turn(before)][before / 2] = timer.micros();
    }
    if (launches == 2 * ROUNDS) {
      return false;
    }
    timer.start();
    graphs[turn(launches)].launch();
    timer.stop();
    launches++;
    return true;
  }

  /** Whether all launches are measured. */
  boolean known() {
    return launches == 2 * ROUNDS && micros[turn(launches - 1)][ROUNDS - 1] > 0;
  }

  /** Whether the second graph is the better one. */
  boolean better() {
    return gain() > 1 - NOISE;
  }

  /** What the second saves of the first one's time, below zero where it takes longer. */
  double gain() {
    double[] saved = new double[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
      saved[i] = micros[0][i] - micros[1][i];
    }
    return median(saved) / median(micros[0].clone());
  }

  /** Microseconds of the first and the second graph, for diagnostics. */
  String found() {
    return String.format(
        Locale.ROOT, "%.1f and %.1f us", median(micros[0].clone()), median(micros[1].clone()));
  }

  private static double median(double[] values) {
    Arrays.sort(values);
    return (values[values.length / 2] + values[(values.length - 1) / 2]) / 2;
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

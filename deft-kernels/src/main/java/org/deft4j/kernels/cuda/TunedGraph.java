package org.deft4j.kernels.cuda;

import java.lang.System.Logger.Level;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * The graph of a pass, which becomes faster while it is used: its options are tried one after the
 * other, each by a {@link GraphTrial} against what was best so far, and those that help are kept.
 * An option may help or not for what others do, so where some were taken those whose trials ended
 * close are tried once more, the other way round. What was decided stays so when the graph has to
 * be captured anew.
 */
final class TunedGraph implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(TunedGraph.class.getName());

  /** What a trial gains or loses that is close. */
  private static final double CLOSE = 0.015;

  private final Supplier<GraphTrial.Stopwatch> timers;
  private final List<StepOption> options;
  private final boolean[] taken;

  /** Options that are to be tried, the first one now. */
  private final ArrayDeque<Integer> due = new ArrayDeque<>();

  /** Options whose first trials ended close. */
  private final List<Integer> close = new ArrayList<>();

  /** Whether the second trials were begun, or there is nothing to try again. */
  private boolean again;

  private GraphTrial.@Nullable Graph graph;
  private @Nullable GraphTrial trial;

  /**
   * Has no graph yet.
   *
   * @param timers gives a stopwatch of the device
   */
  TunedGraph(Supplier<GraphTrial.Stopwatch> timers, List<StepOption> options) {
    this.timers = timers;
    this.options = options;
    taken = new boolean[options.size()];
    for (int i = 0; i < taken.length; i++) {
      due.add(i);
    }
  }

  /**
   * Launches the pass.
   *
   * @param capture captures it as the options say
   * @throws DeftException ({@link DeftException#OUT_OF_MEMORY}) if there is no memory for a graph
   */
  void launch(Supplier<GraphTrial.Graph> capture) {
    if (trial != null && tried(trial)) {
      return;
    }
    GraphTrial.Graph best = graph;
    if (best == null) {
      best = capture(capture, -1);
      graph = best;
    }
    if (!due.isEmpty() && begin(capture, best)) {
      return;
    }
    best.launch();
  }

  /** Launches a graph of a trial, or takes its result. */
  private boolean tried(GraphTrial running) {
    trial = null;
    boolean launched = false;
    try {
      launched = running.launch();
    } catch (DeftException e) {
      if (e.exitCode() == DeftException.OUT_OF_MEMORY) {
        giveUp(); // there is room for one graph only
      }
      throw e;
    } finally {
      if (launched) {
        trial = running;
      } else if (!running.known()) {
        running.close(); // it failed; what comes next begins anew
      }
    }
    if (launched) {
      return true;
    }
    int option = due.remove();
    taken[option] ^= running.better();
    LOG.log(
        Level.DEBUG,
        () -> running.found() + (taken[option] ? ", taken: " : ", left: ") + options.get(option));
    options.get(option).take(taken[option]);
    if (!again && Math.abs(running.gain()) < CLOSE) {
      close.add(option);
    }
    again();
    graph = running.take();
    return false;
  }

  /** After the first trials of all, those that are due once more. */
  private void again() {
    if (due.isEmpty() && !again) {
      again = true;
      for (boolean t : taken) {
        if (t) {
          due.addAll(close);
          return;
        }
      }
    }
  }

  /** What is not decided stays as it is. */
  private void giveUp() {
    due.clear();
    again = true;
  }

  /** Tries the next option against the best graph; whether that could be captured. */
  private boolean begin(Supplier<GraphTrial.Graph> capture, GraphTrial.Graph best) {
    GraphTrial.Stopwatch timer = timers.get();
    GraphTrial begun = null;
    try {
      begun = new GraphTrial(timer, best, capture(capture, due.element()));
    } catch (DeftException e) {
      LOG.log(Level.DEBUG, "passed over: {0}: {1}", options.get(due.element()), e.getMessage());
      // There is room for one graph only, or this option cannot be captured. If it is the device
      // that failed, the best graph's launch says so.
      due.remove();
      if (e.exitCode() == DeftException.OUT_OF_MEMORY) {
        giveUp();
      }
      again();
      return false;
    } finally {
      if (begun == null) {
        timer.close();
      }
    }
    graph = null;
    return tried(begun);
  }

  /** Captures with what was decided but for one option, and leaves what was decided. */
  private GraphTrial.Graph capture(Supplier<GraphTrial.Graph> capture, int other) {
    try {
      for (int i = 0; i < taken.length; i++) {
        options.get(i).take(taken[i] != (i == other));
      }
      return capture.get();
    } finally {
      for (int i = 0; i < taken.length; i++) {
        options.get(i).take(taken[i]);
      }
    }
  }

  /** Whether there is a graph now. */
  boolean captured() {
    return graph != null || trial != null;
  }

  /** Whether all options are decided. */
  boolean settled() {
    return due.isEmpty() && trial == null;
  }

  /** Gives up its graphs; the next launch captures anew. */
  @Override
  public void close() {
    if (graph != null) {
      graph.close();
      graph = null;
    }
    if (trial != null) {
      trial.close();
      trial = null;
    }
  }
}

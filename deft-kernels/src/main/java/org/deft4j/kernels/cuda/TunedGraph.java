package org.deft4j.kernels.cuda;

import java.lang.System.Logger.Level;
import java.util.List;
import java.util.function.Supplier;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * The graph of a pass, which becomes faster while it is used: its options are tried one after the
 * other, each by a {@link GraphTrial} against what was best so far, and those that help are kept.
 * An option that was decided stays so when the graph has to be captured anew.
 */
final class TunedGraph implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(TunedGraph.class.getName());

  private final Supplier<GraphTrial.Stopwatch> timers;
  private final List<StepOption> options;
  private final boolean[] taken;

  /** The option that is tried next. */
  private int next;

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
    if (next < options.size() && begin(capture, best)) {
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
    taken[next] = running.better();
    LOG.log(
        Level.DEBUG,
        () -> running.found() + (taken[next] ? ", taken: " : ", left: ") + options.get(next));
    options.get(next).take(taken[next]);
    next++;
    graph = running.take();
    return false;
  }

  /** Tries the next option against the best graph; whether that could be captured. */
  private boolean begin(Supplier<GraphTrial.Graph> capture, GraphTrial.Graph best) {
    GraphTrial.Stopwatch timer = timers.get();
    GraphTrial.Graph other;
    try {
      other = capture(capture, next);
    } catch (DeftException e) {
      timer.close();
      // There is room for one graph only, or this option cannot be captured. If it is the device
      // that failed, the best graph's launch says so.
      next = e.exitCode() == DeftException.OUT_OF_MEMORY ? options.size() : next + 1;
      return false;
    }
    GraphTrial begun = new GraphTrial(timer, best, other);
    graph = null;
    return tried(begun);
  }

  /** Captures with what was decided and one option more, and leaves what was decided. */
  private GraphTrial.Graph capture(Supplier<GraphTrial.Graph> capture, int more) {
    try {
      for (int i = 0; i < taken.length; i++) {
        options.get(i).take(taken[i] || i == more);
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
    return next == options.size() && trial == null;
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

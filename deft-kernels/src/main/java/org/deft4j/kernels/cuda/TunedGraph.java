package org.deft4j.kernels.cuda;

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
    GraphTrial running = trial;
    if (running != null) {
      if (running.launch()) {
        return;
      }
      taken[next] = running.better();
      options.get(next).take(taken[next]);
      next++;
      graph = running.take();
      trial = null;
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

  /** Tries the next option against the best graph; whether there was memory for it. */
  private boolean begin(Supplier<GraphTrial.Graph> capture, GraphTrial.Graph best) {
    GraphTrial.Graph other;
    try {
      other = capture(capture, next);
    } catch (DeftException e) {
      if (e.exitCode() != DeftException.OUT_OF_MEMORY) {
        throw e;
      }
      next = options.size(); // there is room for one graph only
      return false;
    }
    trial = new GraphTrial(timers.get(), best, other);
    graph = null;
    return trial.launch();
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

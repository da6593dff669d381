package org.deft4j.kernels.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.deft4j.kernels.StepProgram;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * Graphs of forward passes: one a program and number of rows. A pass that is met for the first time
 * is launched one by one, which makes all buffers large enough; the second time it is captured, and
 * from then on one call launches the whole of it. Where the device has no memory for a graph, all
 * are given up and made anew as passes come.
 *
 * <p>What may make a pass faster is tried on its first steps ({@link TunedGraph}).
 *
 * <p>A graph holds addresses, so it is good as long as no device memory was freed since it was
 * captured and attention launches the same. Cost of a replay: a search among a few dozen graphs.
 */
final class StepGraphs implements AutoCloseable {
  /** System property: {@code false} launches every operation of every step one by one. */
  static final String ENABLED = "deft.cuda.graphs";

  /** Most rows of a pass that is padded and captured; prompts' larger chunks gain nothing by it. */
  static final int MOST_ROWS = 256;

  /** Most graphs that are kept; past it all are made anew. */
  private static final int MOST_GRAPHS = 64;

  /** What a pass demands of its batch, found out by running it. */
  static final class Limits {
    int tokens = Integer.MAX_VALUE;
    int slots = Integer.MAX_VALUE;

    void clear() {
      tokens = Integer.MAX_VALUE;
      slots = Integer.MAX_VALUE;
    }
  }

  private static final class Seen {
    final StepProgram program;
    final int rows;
    long version = -1;
    long freed = -1;
    int tokens;
    int slots;
    final TunedGraph graph;

    Seen(StepProgram program, int rows, TunedGraph graph) {
      this.program = program;
      this.rows = rows;
      this.graph = graph;
    }
  }

  private final CudaDevice device;
  private final CudaAttention attention;
  private final IntFunction<List<StepOption>> options;
  private final boolean enabled = Boolean.parseBoolean(System.getProperty(ENABLED, "true"));
  private final List<Seen> all = new ArrayList<>();

  /** The last pass, if it can have a graph. */
  private @Nullable Seen last;

  /**
   * Has no graphs yet.
   *
   * @param options what there is to try for passes of a number of rows, asked after the first of
   *     them
   */
  StepGraphs(CudaDevice device, CudaAttention attention, IntFunction<List<StepOption>> options) {
    this.device = device;
    this.attention = attention;
    this.options = options;
  }

  /**
   * Rows that a pass of {@code rows} rows is padded to: none up to 8, then to multiples of an
   * eighth to a quarter of themselves, so that a few graphs serve all steps.
   */
  static int padded(int rows) {
    int step = rows <= 8 ? 1 : rows <= 64 ? 8 : rows <= 128 ? 16 : 32;
    return rows > MOST_ROWS ? rows : (rows + step - 1) / step * step;
  }

  /**
   * Runs a pass whose batch and plan are on their way to the device.
   *
   * @param limits set by the operations when they are called; checked by {@code check} before a
   *     replay, which calls none
   */
  void run(StepProgram program, int rows, Limits limits, Runnable check) {
    long version = attention.version();
    last = null;
    if (!enabled || rows > MOST_ROWS || version < 0) {
      limits.clear();
      program.run(rows);
      return;
    }
    Seen seen = seen(program, rows);
    if (seen != null && seen.version == version && seen.freed == device.memory().freed()) {
      last = seen;
      limits.tokens = seen.tokens;
      limits.slots = seen.slots;
      check.run();
      launch(seen);
      return;
    }
    if (seen != null) {
      seen.graph.close();
    }
    limits.clear();
    program.run(rows);
    if (seen == null) {
      if (captured() >= MOST_GRAPHS) {
        close();
      }
      seen = new Seen(program, rows, new TunedGraph(device::timer, options.apply(rows)));
      all.add(seen);
    }
    seen.version = attention.version();
    seen.freed = device.memory().freed();
    seen.tokens = limits.tokens;
    seen.slots = limits.slots;
    last = seen;
  }

  /** Whether passes like the last one run as they will from now on. */
  boolean settled() {
    return last == null || last.graph.captured() && last.graph.settled();
  }

  /** One launch for all, or where graphs find no memory on the device, one an operation. */
  private void launch(Seen seen) {
    try {
      seen.graph.launch(() -> device.launcher().capture(() -> seen.program.run(seen.rows)));
    } catch (DeftException e) {
      if (e.exitCode() != DeftException.OUT_OF_MEMORY) {
        throw e;
      }
      close();
      seen.program.run(seen.rows);
    }
  }

  private @Nullable Seen seen(StepProgram program, int rows) {
    for (int i = 0; i < all.size(); i++) {
      Seen s = all.get(i);
      if (s.program == program && s.rows == rows) {
        return s;
      }
    }
    return null;
  }

  /** Number of graphs, for tests. */
  int captured() {
    int n = 0;
    for (Seen s : all) {
      n += s.graph.captured() ? 1 : 0;
    }
    return n;
  }

  /** Gives all graphs up; what was found out about them stays. */
  @Override
  public void close() {
    for (Seen s : all) {
      s.graph.close();
    }
  }
}

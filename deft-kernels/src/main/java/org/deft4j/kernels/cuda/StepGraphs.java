package org.deft4j.kernels.cuda;

import java.util.ArrayList;
import java.util.List;
import org.deft4j.kernels.StepProgram;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * Graphs of forward passes: one a program and number of rows. A pass that is met for the first time
 * is launched one by one, which makes all buffers large enough; the second time it is captured, and
 * from then on one call launches the whole of it. Where the device has no memory for a graph, all
 * are given up and made anew as passes come.
 *
 * <p>Where operations can warm up what comes later ({@link WarmUps}), both graphs are tried on the
 * first steps: whether it helps depends on how many multiprocessors the products leave free.
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
    @Nullable CudaGraph graph;
    @Nullable GraphTrial trial;

    /** Whether warm-ups make it faster, once that was tried. */
    @Nullable Boolean warmed;

    Seen(StepProgram program, int rows) {
      this.program = program;
      this.rows = rows;
    }

    void close() {
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

  /** Has the operations of a pass warm up what comes later, or not. */
  interface WarmUps {
    /** From now on. */
    void on(boolean on);

    /** Whether there were any since {@code on(true)}. */
    boolean any();
  }

  private final CudaDevice device;
  private final CudaAttention attention;
  private final WarmUps warmUps;
  private final boolean enabled = Boolean.parseBoolean(System.getProperty(ENABLED, "true"));
  private final List<Seen> all = new ArrayList<>();

  /**
   * @param warmUps is asked while a graph is captured only
   */
  StepGraphs(CudaDevice device, CudaAttention attention, WarmUps warmUps) {
    this.device = device;
    this.attention = attention;
    this.warmUps = warmUps;
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
    if (!enabled || rows > MOST_ROWS || version < 0) {
      limits.clear();
      program.run(rows);
      return;
    }
    Seen seen = seen(program, rows);
    if (seen.version == version && seen.freed == device.freed()) {
      limits.tokens = seen.tokens;
      limits.slots = seen.slots;
      check.run();
      launch(seen, program, rows);
      return;
    }
    seen.close();
    limits.clear();
    program.run(rows);
    seen.version = attention.version();
    seen.freed = device.freed();
    seen.tokens = limits.tokens;
    seen.slots = limits.slots;
  }

  /** One launch for all, or where graphs find no memory on the device, one an operation. */
  private void launch(Seen seen, StepProgram program, int rows) {
    try {
      if (seen.graph == null && seen.trial == null) {
        capture(seen, program, rows);
      }
      if (seen.trial != null) {
        if (seen.trial.launch()) {
          return;
        }
        seen.warmed = seen.trial.better();
        seen.graph = seen.trial.take();
        seen.trial = null;
      }
      if (seen.graph != null) {
        seen.graph.launch();
      }
    } catch (DeftException e) {
      if (e.exitCode() != DeftException.OUT_OF_MEMORY) {
        throw e;
      }
      close();
      program.run(rows);
    }
  }

  /** Captures a pass, with warm-ups if they help; not known yet, with and without. */
  private void capture(Seen seen, StepProgram program, int rows) {
    Boolean helps = seen.warmed;
    if (helps != null) {
      seen.graph = capture(program, rows, helps);
      return;
    }
    seen.graph = capture(program, rows, false);
    CudaGraph warmed;
    try {
      warmed = capture(program, rows, true);
    } catch (DeftException e) {
      if (e.exitCode() != DeftException.OUT_OF_MEMORY) {
        throw e;
      }
      seen.warmed = false; // there is room for one graph only
      return;
    }
    if (warmUps.any()) {
      seen.trial = new GraphTrial(device.timer(), seen.graph, warmed);
      seen.graph = null;
    } else {
      warmed.close();
      seen.warmed = false;
    }
  }

  private CudaGraph capture(StepProgram program, int rows, boolean warm) {
    warmUps.on(warm);
    try {
      return device.capture(() -> program.run(rows));
    } finally {
      warmUps.on(false);
    }
  }

  private Seen seen(StepProgram program, int rows) {
    for (int i = 0; i < all.size(); i++) {
      Seen s = all.get(i);
      if (s.program == program && s.rows == rows) {
        return s;
      }
    }
    if (all.size() == MOST_GRAPHS) {
      close();
    }
    Seen s = new Seen(program, rows);
    all.add(s);
    return s;
  }

  /** Number of graphs, for tests. */
  int captured() {
    int n = 0;
    for (Seen s : all) {
      n += s.graph == null && s.trial == null ? 0 : 1;
    }
    return n;
  }

  /** Forgets all. */
  @Override
  public void close() {
    for (Seen s : all) {
      s.close();
    }
    all.clear();
  }
}

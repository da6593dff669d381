package org.deft4j.bench.replay;

import java.util.List;
import java.util.function.BooleanSupplier;
import org.deft4j.tree.plan.AttentionMethod;

/**
 * How recordings are decoded again.
 *
 * @param methods in turn
 * @param samples 0 to decode every step by every method; otherwise the number of places, spread
 *     evenly, at which each method decodes a few steps, while what is between them is computed as
 *     prompts are
 * @param temperature of sampling, 0 for greedy
 * @param interrupted asked before each step; true ends a run early
 */
public record ReplaySettings(
    List<AttentionMethod> methods, int samples, float temperature, BooleanSupplier interrupted) {
  /** Steps of a method at a place: one that finds new plans, three timed, one recorded. */
  static final int WINDOW = 5;

  private static final int ATTENTION_PLACES = 20;

  /** Copies the list. */
  public ReplaySettings {
    methods = List.copyOf(methods);
  }

  /**
   * Whether a step is recorded for the time of its attention when every step is decoded: some
   * twenty of them, never all, for a recorded step's own time says nothing.
   *
   * @param step its number, from 1
   * @param steps how many there are
   */
  static boolean recorded(int step, int steps) {
    int stride = Math.max(2, steps / ATTENTION_PLACES);
    return step % stride == Math.min(2, stride - 1);
  }

  /** Places that fit into so many steps. */
  int places(int steps) {
    return Math.clamp(steps / ((long) WINDOW * methods.size()), 1, samples);
  }
}

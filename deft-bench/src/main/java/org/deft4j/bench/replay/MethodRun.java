package org.deft4j.bench.replay;

import java.util.List;
import java.util.function.ToDoubleFunction;
import org.deft4j.tree.plan.AttentionMethod;

/**
 * A recording under one method.
 *
 * @param recording what was replayed
 * @param prompt tokens of the prompt
 * @param steps of the recording that count
 * @param method how attention was grouped
 * @param samples the steps that were measured, in order
 * @param failure why there are no samples, or empty
 */
public record MethodRun(
    Recording recording,
    int prompt,
    int steps,
    AttentionMethod method,
    List<StepSample> samples,
    String failure) {
  /** Copies the list. */
  public MethodRun {
    samples = List.copyOf(samples);
  }

  /** Milliseconds of attention over all steps. */
  public double attentionMillis() {
    return sum(StepSample::attentionMicros) / 1e3;
  }

  /** Milliseconds of all steps; NaN if only attention was measured. */
  public double stepMillis() {
    return sum(StepSample::stepMicros) / 1e3;
  }

  /** What is compared: whole steps if they were measured, else attention. */
  public double millis() {
    double whole = stepMillis();
    return Double.isNaN(whole) ? attentionMillis() : whole;
  }

  /** Query rows of all steps. */
  public double rows() {
    return sum(StepSample::rows);
  }

  /** Gigabytes that one layer's attention moves in all steps. */
  public double ioGigabytes() {
    return sum(s -> s.io().total()) / 1e9;
  }

  /** Gigabytes of keys and values of these. */
  public double kvGigabytes() {
    return sum(s -> s.io().kv()) / 1e9;
  }

  private double sum(ToDoubleFunction<StepSample> what) {
    return samples.isEmpty()
        ? Double.NaN
        : samples.stream().mapToDouble(s -> s.weight() * what.applyAsDouble(s)).sum();
  }
}

package org.deft4j.bench.replay;

import java.util.ArrayList;
import java.util.List;
import org.deft4j.bench.model.StepRecorder;
import org.deft4j.tree.plan.IoLedger;

/** Measures steps of one method: whole ones, and attention where it is asked for. */
final class StepClock {
  /** A step of a decoding. */
  interface Step {
    /** Does it; the rows computed. */
    int run();
  }

  private static final int ROUNDS = 3;

  private final StepRecorder recorder;
  private final java.util.function.Supplier<IoLedger> io;
  private final List<StepSample> samples = new ArrayList<>();

  /**
   * @param recorder of the backend that the steps run on
   * @param io what one layer's attention moved so far
   */
  StepClock(StepRecorder recorder, java.util.function.Supplier<IoLedger> io) {
    this.recorder = recorder;
    this.io = io;
  }

  /**
   * Times one step; attention is that of the next {@link #attention}, or the last.
   *
   * @return rows computed
   */
  int time(int number, Step step) {
    IoLedger before = io.get();
    long start = System.nanoTime();
    int rows = step.run();
    double micros = (System.nanoTime() - start) / 1e3;
    samples.add(new StepSample(number, 1, rows, micros, Double.NaN, io.get().minus(before)));
    return rows;
  }

  /** Steps that count. */
  int count() {
    return samples.size();
  }

  /** Takes the last step back. */
  void forget() {
    samples.removeLast();
  }

  /** Runs a step, recorded, and times its attention; counts as a step as long as the last. */
  void attention(int number, Step step) {
    IoLedger before = io.get();
    int[] rows = new int[1];
    recorder.record(() -> rows[0] = step.run());
    double micros = samples.isEmpty() ? Double.NaN : samples.getLast().stepMicros();
    double attention = recorder.micros(StepRecorder.Part.ATTENTION, ROUNDS);
    samples.add(new StepSample(number, 1, rows[0], micros, attention, io.get().minus(before)));
  }

  /** What was measured, with every gap in attention filled by its neighbour. */
  List<StepSample> samples() {
    List<StepSample> filled = new ArrayList<>();
    double known =
        samples.stream()
            .mapToDouble(StepSample::attentionMicros)
            .filter(Double::isFinite)
            .findFirst()
            .orElse(Double.NaN);
    double whole = samples.size() > 1 ? samples.get(1).stepMicros() : Double.NaN;
    for (StepSample s : samples) {
      known = Double.isFinite(s.attentionMicros()) ? s.attentionMicros() : known;
      whole = Double.isFinite(s.stepMicros()) ? s.stepMicros() : whole;
      filled.add(new StepSample(s.step(), s.weight(), s.rows(), whole, known, s.io()));
    }
    return filled;
  }

  /** The samples as one that stands for {@code weight} steps: medians of times, means of else. */
  StepSample merged(double weight) {
    List<StepSample> all = samples();
    int n = all.size();
    double[] micros = all.stream().mapToDouble(StepSample::stepMicros).sorted().toArray();
    double[] attention = all.stream().mapToDouble(StepSample::attentionMicros).sorted().toArray();
    IoLedger sum = IoLedger.ZERO;
    double rows = 0;
    for (StepSample s : all) {
      sum = sum.plus(s.io());
      rows += s.rows();
    }
    IoLedger mean =
        new IoLedger(
            sum.kvTokens() / n,
            sum.kv() / n,
            sum.query() / n,
            sum.partial() / n,
            sum.mask() / n,
            sum.scores() / n);
    return new StepSample(
        all.get(n / 2).step(), weight, rows / n, micros[n / 2], attention[n / 2], mean);
  }
}

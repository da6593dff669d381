package org.deft4j.bench.replay;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.deft4j.bench.attention.LayerTimer;
import org.deft4j.bench.attention.Workload;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.AttentionPlan;
import org.deft4j.tree.plan.AttentionPlanner;
import org.deft4j.tree.plan.IoLedger;
import org.deft4j.tree.plan.KvGeometry;

/**
 * Attention alone at steps spread evenly over a recording: one layer's time, times the layers. A
 * step in the middle of each of equal parts stands for its part.
 *
 * @param timer of a layer
 * @param layers of the model
 * @param heads query heads
 * @param kvHeads key-value heads
 * @param headDim values a head
 * @param elementBytes of keys, values and queries, for the ledger
 */
public record AttentionReplay(
    LayerTimer timer, int layers, int heads, int kvHeads, int headDim, int elementBytes) {
  /**
   * Measures a recording.
   *
   * @param steps of the recording that count
   * @param samples how many steps are measured; one a step if there are fewer
   * @param interrupted asked before each measurement
   */
  public MethodRun run(
      Recording recording,
      int prompt,
      int steps,
      int samples,
      AttentionMethod method,
      BooleanSupplier interrupted) {
    KvGeometry geometry = new KvGeometry(heads, kvHeads, headDim, elementBytes, elementBytes);
    List<StepSample> found = new ArrayList<>();
    int parts = Math.min(samples, steps);
    for (int i = 0; i < parts && !interrupted.getAsBoolean(); i++) {
      int first = 1 + (int) ((long) steps * i / parts);
      int end = 1 + (int) ((long) steps * (i + 1) / parts);
      int step = (first + end - 1) / 2;
      Workload w = recording.at(step, prompt);
      if (w == null) {
        continue; // nothing decodes: such a step takes no time
      }
      AttentionPlanner planner = new AttentionPlanner(method);
      try {
        AttentionPlan plan = planner.plan(w.layout());
        IoLedger io = plan.ledger(geometry);
        double micros = timer.micros(plan, heads, kvHeads, headDim);
        found.add(new StepSample(step, end - first, plan.rows(), Double.NaN, micros * layers, io));
      } catch (DeftException e) {
        if (e.exitCode() != DeftException.OUT_OF_MEMORY) {
          throw e;
        }
        return new MethodRun(recording, prompt, steps, method, List.of(), "does not fit");
      } finally {
        planner.close();
      }
    }
    return new MethodRun(recording, prompt, steps, method, found, "");
  }
}

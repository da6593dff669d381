package org.deft4j.bench.attention;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deft4j.bench.report.Column;
import org.deft4j.kernels.KvType;
import org.deft4j.kernels.cuda.CudaAttentionMeter;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.AttentionPlan;
import org.deft4j.tree.plan.AttentionPlanner;
import org.deft4j.tree.plan.IoLedger;
import org.deft4j.tree.plan.KvGeometry;

/**
 * Attention of single workloads beside what bounds it.
 *
 * @param meter measures
 * @param type of keys and values
 * @param peakTeraflops rate of the device's matrix unit for the bound
 */
public record AttentionBenchmark(CudaAttentionMeter meter, KvType type, double peakTeraflops) {
  /** What a terminal shows of a row. */
  public static final List<Column> COLUMNS =
      List.of(
          Column.text("workload", "workload"),
          Column.text("attention", "method"),
          Column.text("heads", "heads"),
          Column.number("rows", "rows", "%d"),
          Column.number("tokens", "tokens", "%d"),
          Column.number("streamMicros", "stream", "%.1f"),
          Column.number("boundMicros", "bound", "%.1f"),
          Column.number("attentionMicros", "attention", "%.1f"),
          Column.number("ratio", "x bound", "%.2f"),
          Column.number("barMicros", "bar", "%.1f"),
          Column.text("reached", "reached"),
          Column.number("scheduleMicros", "schedule", "%.1f"),
          Column.number("error", "error", "%.1e"),
          Column.number("kvMegabytes", "KV MB", "%.1f"),
          Column.number("ioMegabytes", "IO MB", "%.1f"));

  /** Measures a workload; the values of a row by {@link #COLUMNS}' keys. */
  public Map<String, Object> measure(Workload w, AttentionMethod method) {
    AttentionPlanner planner = new AttentionPlanner(method);
    AttentionPlan plan = planner.plan(w.layout());
    CudaAttentionMeter.Result r =
        meter.measure(plan, w.tokens(), w.heads(), w.kvHeads(), w.headDim(), type);
    IoLedger io =
        plan.ledger(
            new KvGeometry(w.heads(), w.kvHeads(), w.headDim(), type.bytes(), type.bytes()));
    planner.close();
    Bound bound = Bound.of(w, r.streamMicros(), peakTeraflops);
    Map<String, Object> row = new LinkedHashMap<>();
    row.put("workload", w.name());
    row.put("attention", method.label());
    row.put("heads", w.heads() + "/" + w.kvHeads() + " of " + w.headDim());
    row.put("rows", plan.rows());
    row.put("tokens", w.tokens());
    row.put("streamMicros", r.streamMicros());
    row.put("boundMicros", bound.micros());
    row.put("attentionMicros", r.attentionMicros());
    row.put("ratio", r.attentionMicros() / bound.micros());
    row.put("barMicros", bound.barMicros());
    row.put("reached", r.attentionMicros() <= bound.barMicros() ? "yes" : "no");
    row.put("scheduleMicros", r.scheduleMicros());
    row.put("error", r.error());
    row.put("kvMegabytes", io.kv() / 1e6);
    row.put("ioMegabytes", io.total() / 1e6);
    return row;
  }
}

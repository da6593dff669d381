package org.deft4j.bench.decode;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.deft4j.bench.model.StepRecorder;
import org.deft4j.bench.model.WatchedEngine;
import org.deft4j.bench.report.Column;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.NodeId;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.IoLedger;

/**
 * Steps of an engine that decodes some branches below a shared context, sampling and all of the
 * host's work included, and what they consist of.
 *
 * <p>The whole step is timed as a caller sees it. Then one step's operations are recorded, and
 * those of a kind run again one after the other; what the parts leave of the whole is the host's
 * and what the device waited for it.
 *
 * @param watched decodes
 * @param context tokens that all branches share
 * @param tokens that each branch has of its own half-way through the steps that are timed, of the
 *     first method if there are several
 * @param steps that are timed; the median counts
 * @param temperature of sampling, 0 for greedy
 */
public record DecodeBenchmark(
    WatchedEngine watched, int context, int tokens, int steps, float temperature) {
  /** What a terminal shows of a row. */
  public static final List<Column> COLUMNS =
      List.of(
          Column.number("leaves", "leaves", "%d"),
          Column.text("attention", "method"),
          Column.number("stepMillis", "ms a step", "%.3f"),
          Column.number("worstMillis", "90th of 100", "%.3f"),
          Column.number("productsMillis", "products", "%.3f"),
          Column.number("attentionMillis", "attention", "%.3f"),
          Column.number("otherMillis", "other", "%.3f"),
          Column.number("hostMillis", "host", "%.3f"),
          Column.number("tokensPerSecond", "tokens/s", "%.0f"),
          Column.number("ioMegabytes", "attention MB", "%.0f"),
          Column.number("speedup", "x sequence", "%.2f"));

  private static final int WARM_UP = 6;
  private static final int ROUNDS = 7;

  /** Measures a number of branches by each method, over the same tree; a row each. */
  public List<Map<String, Object>> measure(int leaves, List<AttentionMethod> methods) {
    watched.engine().attention(methods.getFirst());
    watched.settle(leaves, context, temperature);
    NodeId root = watched.prompt(context);
    List<NodeId> branches = watched.engine().fork(root, leaves);
    for (int i = 0; i < leaves && begun() > 0; i++) {
      watched.engine().extend(branches.get(i), watched.tokens(begun(), i + 1), false);
    }
    watched.drain();
    int all = methods.size() * (WARM_UP + steps + 3);
    for (int i = 0; i < leaves; i++) {
      watched
          .engine()
          .decode(
              branches.get(i),
              DecodeSpec.of(all).temperature(temperature).topK(50).seed(1, i).build());
    }
    Map<AttentionMethod, Map<String, Object>> rows = new EnumMap<>(AttentionMethod.class);
    Map<AttentionMethod, Double> millis = new EnumMap<>(AttentionMethod.class);
    try {
      for (AttentionMethod m : methods) {
        Map<String, Object> row = new LinkedHashMap<>();
        millis.put(m, measure(leaves, m, row));
        rows.put(m, row);
      }
    } finally {
      watched.engine().release(root);
    }
    Double base = millis.get(AttentionMethod.SEQUENCE);
    if (base != null) {
      millis.forEach((m, t) -> Objects.requireNonNull(rows.get(m)).put("speedup", base / t));
    }
    return methods.stream().map(m -> Objects.requireNonNull(rows.get(m))).toList();
  }

  /** Tokens of each branch before the first step. */
  private int begun() {
    return Math.max(0, tokens - WARM_UP - steps / 2);
  }

  /** Fills a row; the milliseconds of a step. */
  private double measure(int leaves, AttentionMethod method, Map<String, Object> row) {
    watched.engine().attention(method);
    for (int i = 0; i < WARM_UP; i++) {
      step();
    }
    double[] millis = new double[steps];
    IoLedger before = watched.engine().stats().io();
    for (int i = 0; i < steps; i++) {
      long start = System.nanoTime();
      step();
      millis[i] = (System.nanoTime() - start) / 1e6;
    }
    IoLedger io = watched.engine().stats().io().minus(before);
    Arrays.sort(millis);
    double whole = millis[steps / 2];
    // What a step consists of is asked of one that is begun and ended in a call.
    watched.engine().ahead(false);
    step();
    StepRecorder recorder = watched.recorder();
    recorder.record(this::step);
    watched.engine().ahead(true);
    double products = recorder.micros(StepRecorder.Part.PRODUCTS, ROUNDS) / 1e3;
    double attention = recorder.micros(StepRecorder.Part.ATTENTION, ROUNDS) / 1e3;
    double other = recorder.micros(StepRecorder.Part.OTHER, ROUNDS) / 1e3;
    row.put("leaves", leaves);
    row.put("context", context);
    row.put("tokensOfEach", begun() + WARM_UP + steps / 2);
    row.put("attention", method.label());
    row.put("stepMillis", whole);
    row.put("worstMillis", millis[Math.min(steps - 1, steps * 9 / 10)]);
    row.put("productsMillis", products);
    row.put("attentionMillis", attention);
    row.put("otherMillis", other);
    row.put("hostMillis", whole - products - attention - other);
    row.put("tokensPerSecond", leaves / whole * 1e3);
    row.put("ioMegabytes", io.total() / 1e6 / steps);
    return whole;
  }

  private void step() {
    watched.engine().step(_ -> {});
  }
}

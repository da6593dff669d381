package org.deft4j.runtime.trace;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.deft4j.search.budget.SearchBudget;
import org.jspecify.annotations.Nullable;

/**
 * The first line of a trace: all that is needed to make its search again.
 *
 * @param task the task's name
 * @param taskOptions its options
 * @param problem where the problem comes from
 * @param strategy the strategy's name
 * @param strategyOptions its options
 * @param evaluator the evaluator's name; empty for none
 * @param evaluatorOptions its options
 * @param oracle whether the evaluator uses the reference answer
 * @param seed of all sampling
 * @param epoch size of an epoch of an ordered search, 0 for one that is not ordered
 * @param budget limits at the start
 * @param model the model's name or file
 * @param fingerprint hash of the model's file; empty where there is none
 * @param engine what else decides the model's numbers: backend, attention, deterministic ...
 */
public record TraceHeader(
    String task,
    Map<String, String> taskOptions,
    Source problem,
    String strategy,
    Map<String, String> strategyOptions,
    String evaluator,
    Map<String, String> evaluatorOptions,
    boolean oracle,
    long seed,
    int epoch,
    SearchBudget budget,
    String model,
    String fingerprint,
    Map<String, String> engine) {
  /** Version of the form that this class writes. */
  public static final int VERSION = 1;

  /** Copies maps. */
  public TraceHeader {
    taskOptions = Map.copyOf(taskOptions);
    strategyOptions = Map.copyOf(strategyOptions);
    evaluatorOptions = Map.copyOf(evaluatorOptions);
    engine = Map.copyOf(engine);
  }

  /**
   * Where a problem comes from.
   *
   * @param id the problem's id
   * @param text the problem as a user reads it
   * @param kind how to get it again
   * @param seed of a generated problem
   * @param file of a problem in a data file
   * @param index its place there, from 0
   */
  public record Source(String id, String text, Kind kind, long seed, String file, int index) {
    /** Ways to get a problem. */
    public enum Kind {
      /** Made up from a seed. */
      GENERATED,
      /** Written by a user. */
      TEXT,
      /** One of a data file. */
      FILE
    }
  }

  /** As a JSON object. */
  Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("trace", VERSION);
    map.put("task", task);
    map.put("taskOptions", new TreeMap<>(taskOptions));
    Map<String, Object> p = new LinkedHashMap<>();
    p.put("id", problem.id());
    p.put("text", problem.text());
    switch (problem.kind()) {
      case GENERATED -> {
        p.put("source", "generated");
        p.put("seed", problem.seed());
      }
      case TEXT -> p.put("source", "text");
      case FILE -> {
        p.put("source", "file");
        p.put("file", problem.file());
        p.put("index", problem.index());
      }
    }
    map.put("problem", p);
    map.put("strategy", strategy);
    map.put("strategyOptions", new TreeMap<>(strategyOptions));
    map.put("evaluator", evaluator);
    map.put("evaluatorOptions", new TreeMap<>(evaluatorOptions));
    map.put("oracle", oracle);
    map.put("seed", seed);
    map.put("ordered", epoch);
    map.put("budget", BudgetJson.write(budget));
    map.put("model", model);
    map.put("fingerprint", fingerprint);
    map.put("engine", new TreeMap<>(engine));
    return map;
  }

  /**
   * From a JSON object.
   *
   * @throws IllegalArgumentException saying what is wrong with it
   */
  static TraceHeader read(@Nullable Object value) {
    Fields f = Fields.of(value);
    if (!f.has("trace")) {
      throw new IllegalArgumentException("no trace: the first line has no field 'trace'");
    }
    if (f.integer("trace") != VERSION) {
      throw new IllegalArgumentException(
          "a trace of version " + f.integer("trace") + ", this program reads " + VERSION);
    }
    Fields p = f.object("problem");
    Source.Kind kind =
        switch (p.text("source")) {
          case "generated" -> Source.Kind.GENERATED;
          case "text" -> Source.Kind.TEXT;
          case "file" -> Source.Kind.FILE;
          default -> throw new IllegalArgumentException("no such source: " + p.text("source"));
        };
    return new TraceHeader(
        f.text("task"),
        f.texts("taskOptions"),
        new Source(
            p.text("id"),
            p.text("text"),
            kind,
            p.integer("seed", 0),
            p.text("file", ""),
            Math.toIntExact(p.integer("index", 0))),
        f.text("strategy"),
        f.texts("strategyOptions"),
        f.text("evaluator"),
        f.texts("evaluatorOptions"),
        f.flag("oracle"),
        f.integer("seed"),
        f.small("ordered"),
        BudgetJson.read(f.object("budget")),
        f.text("model"),
        f.text("fingerprint"),
        f.texts("engine"));
  }
}

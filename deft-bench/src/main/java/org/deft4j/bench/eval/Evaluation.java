package org.deft4j.bench.eval;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.deft4j.bench.rows.RowLog;
import org.deft4j.runtime.Deft;
import org.deft4j.runtime.DeftSearch;
import org.deft4j.runtime.Registry;
import org.deft4j.search.budget.SearchBudget;
import org.deft4j.search.driver.Search;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.driver.StopReason;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.ProblemTooLargeException;

/**
 * Solves problems with several strategies at several budgets and seeds, and keeps each result in a
 * log, from which a later run goes on.
 *
 * <p>A budget of n is a hard limit of n times {@code unit} sampled tokens, evaluators' included; a
 * strategy with an option {@code width} that was not given one gets n. So all strategies may spend
 * the same, and those that spend less show it.
 *
 * @param task the task's name
 * @param taskOptions its options
 * @param evaluatorOptions of the evaluators; each takes those that it has
 * @param entries what is compared
 * @param budgets in samples
 * @param seeds how many seeds, from 0
 * @param unit sampled tokens that one sample takes
 */
public record Evaluation(
    String task,
    Map<String, String> taskOptions,
    Map<String, String> evaluatorOptions,
    List<Entry> entries,
    List<Integer> budgets,
    int seeds,
    long unit) {
  /** Copies collections. */
  public Evaluation {
    taskOptions = Map.copyOf(taskOptions);
    evaluatorOptions = Map.copyOf(evaluatorOptions);
    entries = List.copyOf(entries);
    budgets = List.copyOf(budgets);
  }

  /**
   * What is about to be solved.
   *
   * @param done rows finished, those of earlier runs included
   * @param all rows to finish
   * @param what comes next
   */
  public record Progress(int done, int all, String what) {}

  /**
   * Does what the log lacks, and adds it up.
   *
   * @param log the log's file
   * @param setting what else decides the results: a log of another setting is refused
   * @param stop asked between steps; true ends the run, with the rows so far
   */
  public EvalTable run(
      Path log,
      Deft deft,
      List<Problem> problems,
      Map<String, Object> setting,
      Consumer<Progress> progress,
      BooleanSupplier stop) {
    int all = problems.size() * entries.size() * budgets.size() * seeds;
    try (RowLog<EvalRow> rows = RowLog.open(log, header(setting), EvalRow.FORM)) {
      int done = 0;
      // Problems outside: what a run that was stopped has, it has for all strategies.
      for (long seed = 0; seed < seeds; seed++) {
        for (int p = 0; p < problems.size(); p++) {
          String name = p + " " + problems.get(p).id();
          for (Entry entry : entries) {
            for (int budget : budgets) {
              if (!rows.has(EvalRow.key(entry.key(), budget, seed, name))) {
                progress.accept(
                    new Progress(done, all, name + " " + entry.key() + " at " + budget));
                DeftSearch search = search(deft, problems.get(p), entry, budget, seed);
                String by = search.evaluatorName();
                boolean oracle =
                    deft.registry().evaluator(by, optionsOf(deft.registry(), by)).oracle();
                try {
                  SearchResult result = solve(deft, search, stop);
                  if (result.stopped() == StopReason.CANCELLED) {
                    return EvalTable.of(rows.rows(), entries, budgets);
                  }
                  rows.add(EvalRow.of(entry.key(), budget, seed, name, oracle, result));
                } catch (ProblemTooLargeException e) {
                  rows.add(EvalRow.failed(entry.key(), budget, seed, name, oracle));
                }
              }
              done++;
            }
          }
        }
      }
      return EvalTable.of(rows.rows(), entries, budgets);
    }
  }

  private DeftSearch search(Deft deft, Problem problem, Entry entry, int budget, long seed) {
    DeftSearch search =
        deft.search(task)
            .problem(problem)
            .strategy(entry.strategy())
            .budget(SearchBudget.UNLIMITED.withDecodeTokens(unit * budget))
            .seed(seed);
    taskOptions.forEach(search::taskOption);
    entry.options().forEach(search::option);
    if (!entry.options().containsKey("width") && hasWidth(deft.registry(), entry)) {
      search.option("width", budget);
    }
    if (!entry.evaluator().isEmpty()) {
      search.evaluator(entry.evaluator());
    }
    optionsOf(deft.registry(), search.evaluatorName()).asMap().forEach(search::evaluatorOption);
    return search;
  }

  /**
   * Those of {@link #evaluatorOptions} that an evaluator has.
   *
   * @throws IllegalArgumentException if there is no such evaluator
   */
  public Options optionsOf(Registry registry, String evaluator) {
    Options own = Options.none();
    for (OptionSpec spec : Registry.find("evaluator", evaluator, registry.evaluators()).options()) {
      String value = evaluatorOptions.get(spec.name());
      if (value != null) {
        own = own.with(spec.name(), value);
      }
    }
    return own;
  }

  /**
   * Refuses what cannot run before anything does: unknown names, bad options, evaluator options
   * that no evaluator takes.
   *
   * @param standard the task's own evaluator
   */
  public void check(Registry registry, String standard) {
    Set<String> taken = new HashSet<>();
    for (Entry e : entries) {
      registry.strategy(e.strategy(), Options.of(e.options()));
      String by = e.evaluator().isEmpty() ? standard : e.evaluator();
      Options own = optionsOf(registry, by);
      registry.evaluator(by, own);
      taken.addAll(own.asMap().keySet());
    }
    for (String name : evaluatorOptions.keySet()) {
      if (!taken.contains(name)) {
        throw new IllegalArgumentException(
            "no evaluator of these strategies has an option '" + name + "'");
      }
    }
  }

  private static boolean hasWidth(Registry registry, Entry entry) {
    return Registry.find("strategy", entry.strategy(), registry.strategies()).options().stream()
        .map(OptionSpec::name)
        .anyMatch("width"::equals);
  }

  private static SearchResult solve(Deft deft, DeftSearch search, BooleanSupplier stop) {
    Search running = deft.driver().submit(search.request());
    while (!running.done()) {
      if (stop.getAsBoolean()) {
        running.cancel();
      }
      deft.driver().step();
    }
    return running.result().orElseThrow();
  }

  /**
   * Mean tokens that a greedy solution of these problems samples: the unit of a budget. Those that
   * the model does not take are left out.
   *
   * @return at least 1
   */
  public static long unit(Deft deft, String task, List<Problem> problems) {
    long sum = 0;
    long taken = 0;
    for (Problem p : problems) {
      try {
        sum += deft.search(task).problem(p).strategy("greedy").run().tokens().decoded();
        taken++;
      } catch (ProblemTooLargeException e) {
        continue;
      }
    }
    return Math.max(1, Math.ceilDiv(sum, Math.max(1, taken)));
  }

  private Map<String, Object> header(Map<String, Object> setting) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("log", "deft eval 1");
    map.put("task", task);
    map.put("taskOptions", new java.util.TreeMap<>(taskOptions));
    map.put("unit", unit);
    if (!evaluatorOptions.isEmpty()) {
      map.put("evaluatorOptions", new java.util.TreeMap<>(evaluatorOptions));
    }
    map.putAll(setting);
    return map;
  }

  /** The unit that a log was begun with; empty where there is none. */
  public static OptionalLong unit(Path log) {
    return RowLog.configuration(log).get("unit") instanceof Number n
        ? OptionalLong.of(n.longValue())
        : OptionalLong.empty();
  }

  /** Budgets written {@code 2^0..2^6}, {@code 4} or {@code 1,8,64}. */
  public static List<Integer> budgets(String text) {
    List<Integer> all = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      int dots = part.indexOf("..");
      if (dots < 0) {
        all.add(number(part.strip(), text));
        continue;
      }
      int from = number(part.substring(0, dots).strip(), text);
      int to = number(part.substring(dots + 2).strip(), text);
      for (long b = from; b <= to; b *= 2) {
        all.add((int) b);
      }
    }
    return all.stream().distinct().toList();
  }

  private static int number(String part, String whole) {
    try {
      boolean power = part.startsWith("2^");
      int value = Integer.parseInt(power ? part.substring(2) : part);
      if (power ? value >= 0 && value <= 20 : value >= 1 && value <= 1 << 20) {
        return power ? 1 << value : value;
      }
    } catch (NumberFormatException e) {
      throw bad(whole, e);
    }
    throw bad(whole, null);
  }

  private static IllegalArgumentException bad(
      String text, @org.jspecify.annotations.Nullable Exception cause) {
    return new IllegalArgumentException(
        "budgets are numbers of samples such as 2^0..2^6 or 1,4,16, was '" + text + "'", cause);
  }
}

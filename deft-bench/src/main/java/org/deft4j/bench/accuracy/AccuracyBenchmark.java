package org.deft4j.bench.accuracy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.deft4j.runtime.Deft;
import org.deft4j.runtime.DeftSearch;
import org.deft4j.search.driver.Search;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.driver.StopReason;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;

/**
 * Solves every problem of some data files with every entrant, one after another, and keeps each
 * result in a log, from which a later run goes on.
 *
 * @param task the task's name
 * @param files data files in the task's format, at least one; their names must differ
 * @param limit at most this many problems of each file
 * @param entrants what is compared
 * @param seed of all sampling
 */
public record AccuracyBenchmark(
    String task, List<Path> files, int limit, List<Entrant> entrants, long seed) {
  /** Copies and checks. */
  public AccuracyBenchmark {
    files = List.copyOf(files);
    entrants = List.copyOf(entrants);
    if (files.stream().map(AccuracyBenchmark::name).distinct().count() < files.size()) {
      throw new IllegalArgumentException("two data files have the same name: " + files);
    }
  }

  /**
   * What is about to be solved.
   *
   * @param done rows finished, those of earlier runs included
   * @param all rows to finish
   * @param what the problem and entrant that come next
   */
  public record Progress(int done, int all, String what) {}

  /**
   * Does what the log lacks, and adds it up.
   *
   * @param log the log's file
   * @param deft the model
   * @param setting what else decides the results (model, backend, attention ...): a log of another
   *     setting is refused
   * @param progress hears of each problem before it is solved
   * @param stop asked between steps; true ends the run, with the rows so far
   * @throws org.deft4j.tree.DeftException with exit code 2 for bad data files or a log that does
   *     not fit
   */
  public AccuracyTable run(
      Path log,
      Deft deft,
      Map<String, Object> setting,
      Consumer<Progress> progress,
      BooleanSupplier stop) {
    Map<String, List<Problem>> problems = new LinkedHashMap<>();
    for (Path file : files) {
      problems.put(name(file), deft.search(task).task().read(file, limit));
    }
    int all = problems.values().stream().mapToInt(List::size).sum() * entrants.size();
    try (RowLog rows = RowLog.open(log, configuration(setting))) {
      int done = 0;
      for (Map.Entry<String, List<Problem>> file : problems.entrySet()) {
        for (Entrant entrant : entrants) {
          for (Problem problem : file.getValue()) {
            if (!rows.has(file.getKey(), problem.id(), entrant.key())) {
              String what = "%s %s %s".formatted(file.getKey(), problem.id(), entrant.key());
              progress.accept(new Progress(done, all, what));
              SearchResult result = solve(deft, problem, entrant, stop);
              if (result.stopped() == StopReason.CANCELLED) {
                return table(rows, problems);
              }
              rows.add(row(file.getKey(), entrant, result));
            }
            done++;
          }
        }
      }
      return table(rows, problems);
    }
  }

  private SearchResult solve(Deft deft, Problem problem, Entrant entrant, BooleanSupplier stop) {
    DeftSearch search =
        deft.search(task)
            .problem(problem)
            .strategy(deft.registry().strategy(entrant.strategy(), Options.of(entrant.options())))
            .seed(seed);
    if (!entrant.evaluator().equals(Entrant.NONE)) {
      search.evaluator(entrant.evaluator());
    }
    Search running = deft.driver().submit(search.request());
    while (!running.done()) {
      if (stop.getAsBoolean()) {
        running.cancel();
      }
      deft.driver().step();
    }
    return running.result().orElseThrow();
  }

  private static AccuracyRow row(String data, Entrant entrant, SearchResult r) {
    return new AccuracyRow(
        data,
        r.problem().id(),
        entrant.key(),
        r.solved(),
        r.grade().error(),
        r.tokens().decoded() + r.tokens().evaluator(),
        r.tokens().prefilled(),
        Math.rint(r.seconds() * 1e6) / 1e6);
  }

  private AccuracyTable table(RowLog rows, Map<String, List<Problem>> problems) {
    // The log may hold more than this run asked for, after one with a larger limit.
    List<AccuracyRow> own = new ArrayList<>();
    for (AccuracyRow row : rows.rows()) {
      if (problems.getOrDefault(row.data(), List.of()).stream()
          .anyMatch(p -> p.id().equals(row.problem()))) {
        own.add(row);
      }
    }
    return AccuracyTable.of(own, List.copyOf(problems.keySet()), entrants);
  }

  private Map<String, Object> configuration(Map<String, Object> setting) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("log", "deft accuracy 1");
    map.put("task", task);
    map.put("seed", seed);
    map.put("setting", setting);
    Map<String, Object> strategies = new LinkedHashMap<>();
    for (Entrant e : entrants) {
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("strategy", e.strategy());
      entry.put("options", new TreeMap<>(e.options()));
      strategies.put(e.key(), entry);
    }
    map.put("entrants", strategies);
    return map;
  }

  private static String name(Path file) {
    return file.getFileName().toString().replaceFirst("\\.[^.]*$", "");
  }
}

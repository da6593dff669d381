package org.deft4j.bench.accuracy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.deft4j.bench.rows.RowLog;
import org.deft4j.runtime.Deft;
import org.deft4j.runtime.DeftSearch;
import org.deft4j.search.driver.Search;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.driver.StopReason;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.ProblemTooLargeException;

/**
 * Solves every problem of some data files with every entrant, one after another, and keeps each
 * result in a log, from which a later run goes on. A problem that is longer than what the model
 * takes is a row too: one that failed.
 *
 * @param entries what is solved by what, at least one; names of files must differ
 * @param seed of all sampling
 */
public record AccuracyBenchmark(List<Entry> entries, long seed) {
  /** Copies and checks. */
  public AccuracyBenchmark {
    entries = List.copyOf(entries);
    if (entries.stream().map(e -> e.file().name()).distinct().count() < entries.size()) {
      throw new IllegalArgumentException(
          "two data files have the same name: "
              + entries.stream().map(e -> e.file().path().toString()).toList());
    }
  }

  /**
   * A data file and what solves it.
   *
   * @param file the file
   * @param entrants what is compared
   */
  public record Entry(DataFile file, List<Entrant> entrants) {
    /** Copies the list. */
    public Entry {
      entrants = List.copyOf(entrants);
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
    List<Sample> samples = new ArrayList<>();
    for (Entry e : entries) {
      DataFile file = e.file();
      samples.add(
          Sample.of(
              e,
              deft.search(file.task()).task().read(file.path(), file.limit()),
              deft.decoder().codec()));
    }
    int all = samples.stream().mapToInt(s -> s.problems().size() * s.entrants().size()).sum();
    try (RowLog<AccuracyRow> rows = RowLog.open(log, configuration(setting), AccuracyRow.FORM)) {
      int done = 0;
      for (Sample sample : samples) {
        String data = sample.file().name();
        for (Entrant entrant : sample.entrants()) {
          for (Problem problem : sample.problems()) {
            if (!rows.has(AccuracyRow.key(data, problem.id(), entrant.key()))) {
              String what = "%s %s %s".formatted(data, problem.id(), entrant.label());
              progress.accept(new Progress(done, all, what));
              AccuracyRow row;
              try {
                SearchResult result = solve(deft, problem, entrant, stop);
                if (result.stopped() == StopReason.CANCELLED) {
                  return AccuracyTable.of(rows.rows(), samples);
                }
                row = AccuracyRow.of(data, entrant, result);
              } catch (ProblemTooLargeException e) {
                row = AccuracyRow.failed(data, problem, entrant, String.valueOf(e.getMessage()));
              }
              rows.add(row);
            }
            done++;
          }
        }
      }
      return AccuracyTable.of(rows.rows(), samples);
    }
  }

  private SearchResult solve(Deft deft, Problem problem, Entrant entrant, BooleanSupplier stop) {
    Options options = Options.of(entrant.options()).orElse(problem.settings(entrant.strategy()));
    DeftSearch search =
        deft.search(problem.task())
            .problem(problem)
            .strategy(deft.registry().strategy(entrant.strategy(), options))
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

  /** What rows of one log share; what differs between entrants is in their keys. */
  private Map<String, Object> configuration(Map<String, Object> setting) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("log", "deft accuracy 2");
    map.put("seed", seed);
    map.put("setting", setting);
    return map;
  }
}

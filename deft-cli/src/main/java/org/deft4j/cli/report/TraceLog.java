package org.deft4j.cli.report;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.deft4j.engine.json.JsonReader;
import org.deft4j.search.strategy.PruneReason;
import org.deft4j.tree.DeftException;

/**
 * Reads a trace ({@code docs/traces.md}) into a {@link SearchLog}. Events that a report does not
 * show are passed over; so is a last line that was cut, as of a search that was killed.
 */
public final class TraceLog {
  private static final long VERSION = 1;

  private final Path file;
  private final SearchLog log = new SearchLog();

  private TraceLog(Path file) {
    this.file = file;
  }

  /**
   * Reads a trace.
   *
   * @throws DeftException with exit code 2, naming file and line, if it is none
   */
  public static SearchLog read(Path file) {
    return new TraceLog(file).read();
  }

  private SearchLog read() {
    int number = 0;
    try (BufferedReader lines = Files.newBufferedReader(file)) {
      String line = lines.readLine();
      while (line != null) {
        number++;
        String next = lines.readLine();
        if (!line.isBlank()) {
          accept(line, number, next == null);
        }
        line = next;
      }
    } catch (NoSuchFileException e) {
      throw new DeftException(DeftException.USAGE, "no file " + file, e);
    } catch (CharacterCodingException e) {
      throw new DeftException(DeftException.USAGE, file + " is no trace: it is not UTF-8 text", e);
    } catch (IOException e) {
      throw new DeftException(DeftException.USAGE, "cannot read " + file + ": " + e, e);
    }
    if (number == 0) {
      throw new DeftException(DeftException.USAGE, file + " is no trace: it is empty");
    }
    if (log.size() == 0) {
      throw new DeftException(DeftException.USAGE, file + " has no search in it: no Started event");
    }
    return log;
  }

  private void accept(String line, int number, boolean last) {
    Object value;
    try {
      value = JsonReader.read(line);
    } catch (IllegalArgumentException e) {
      if (last && number > 1) {
        log.note(0, "the trace ends in the middle of a line");
        return;
      }
      throw bad(number, "is no JSON: " + e.getMessage(), e);
    }
    if (!(value instanceof Map<?, ?> map)) {
      throw bad(number, "is no object");
    }
    try {
      if (number == 1) {
        header(map);
      } else {
        event(map);
      }
    } catch (ClassCastException | NullPointerException e) {
      throw bad(number, "lacks a field, or has one of another kind", e);
    }
  }

  private DeftException bad(int line, String what) {
    return new DeftException(DeftException.USAGE, message(line, what));
  }

  private DeftException bad(int line, String what, Exception cause) {
    return new DeftException(DeftException.USAGE, message(line, what), cause);
  }

  private String message(int line, String what) {
    return file + " is no trace: line " + line + " " + what;
  }

  private void header(Map<?, ?> h) {
    if (!(h.get("trace") instanceof Long version)) {
      throw bad(1, "has no field \"trace\"");
    }
    if (version > VERSION) {
      throw new DeftException(
          DeftException.USAGE,
          file + " is a trace of version " + version + "; this DeFT reads " + VERSION);
    }
    log.title(text(h, "task") + " by " + text(h, "strategy"));
    for (String name :
        List.of("task", "strategy", "evaluator", "seed", "model", "backend", "attention")) {
      log.fact(name, h.get(name));
    }
    if (Boolean.TRUE.equals(h.get("oracle"))) {
      log.fact("oracle", "the evaluator knows the answer");
    }
    if (h.get("budget") instanceof Map<?, ?> budget) {
      limit(budget, "decodeTokens", Ledger.DECODED);
      limit(budget, "evaluatorTokens", Ledger.EVALUATOR);
      limit(budget, "prefillTokens", Ledger.PREFILLED);
      limit(budget, "nodes", Ledger.NODES);
    }
  }

  private void limit(Map<?, ?> budget, String field, String name) {
    if (budget.get(field) instanceof Long n) {
      log.limit(name, n);
    }
  }

  private void event(Map<?, ?> e) {
    double t = e.get("t") instanceof Number n ? n.doubleValue() / 1e6 : 0;
    switch (text(e, "event")) {
      case "Started" -> log.started(text(e, "problem"));
      case "Stepped" ->
          log.stepped(
              t,
              Math.toIntExact(whole(e, "live")),
              whole(e, "decoded"),
              whole(e, "kvBytes"),
              whole(e, "kvBytesShared"));
      case "ThoughtAdded" -> thought(t, (Map<?, ?>) Objects.requireNonNull(e.get("thought")));
      case "Scored" ->
          log.scored(
              whole(e, "thought"),
              ((Number) Objects.requireNonNull(e.get("value"))).doubleValue(),
              Boolean.TRUE.equals(e.get("solved")),
              text(e, "source"));
      case "Selected" -> log.selected(whole(e, "thought"));
      case "Pruned" ->
          log.pruned(whole(e, "thought"), PruneReason.named(Objects.toString(e.get("why"), "")));
      case "BudgetSpent" -> {
        log.spent(Ledger.DECODED, whole(e, "decodeTokens"));
        log.spent(Ledger.EVALUATOR, whole(e, "evaluatorTokens"));
        log.spent(Ledger.PREFILLED, whole(e, "prefillTokens"));
        log.spent(Ledger.REUSED, whole(e, "reusedTokens"));
        log.spent(Ledger.NODES, whole(e, "nodes"));
      }
      case "SoftLimit" -> log.note(t, "soft limit reached: " + text(e, "limit"));
      case "Evicted" -> log.note(t, "#" + whole(e, "thought") + " lost its keys and values");
      case "Restored" ->
          log.note(
              t, "#" + whole(e, "thought") + " computed again, " + whole(e, "tokens") + " tokens");
      case "Paused" -> log.note(t, "paused");
      case "Resumed" -> log.note(t, "went on");
      case "Rewound" -> log.note(t, "went on with another budget");
      case "Finished" -> finished(e);
      default -> {}
    }
  }

  private void thought(double t, Map<?, ?> m) {
    log.thought(
        t,
        whole(m, "ordinal"),
        whole(m, "parent"),
        Math.toIntExact(whole(m, "depth")),
        text(m, "stage"),
        text(m, "text"),
        switch (text(m, "state")) {
          case "answer" -> SearchLog.State.ANSWER;
          case "dead" -> SearchLog.State.DEAD;
          default -> SearchLog.State.PARTIAL;
        },
        text(m, "says"),
        Math.toIntExact(whole(m, "sampled")),
        m.get("logProb") instanceof Number n ? n.doubleValue() : Double.NaN);
  }

  private void finished(Map<?, ?> e) {
    if (e.get("best") instanceof List<?> path) {
      List<Long> best = new ArrayList<>();
      path.forEach(o -> best.add(((Number) o).longValue()));
      log.best(best);
    }
    log.fact("answer", e.get("answer") instanceof String s ? s : "none");
    log.fact(
        "solved",
        Boolean.TRUE.equals(e.get("solved"))
            ? "yes"
            : e.get("error") instanceof Number n ? "no, error " + n : "not graded");
    log.fact("stopped", e.get("stopped"));
    if (e.get("seconds") instanceof Number n) {
      log.fact("time", String.format(Locale.ROOT, "%.2f s", n.doubleValue()));
    }
  }

  private static String text(Map<?, ?> map, String field) {
    return (String) Objects.requireNonNull(map.get(field));
  }

  private static long whole(Map<?, ?> map, String field) {
    return ((Number) Objects.requireNonNull(map.get(field))).longValue();
  }
}

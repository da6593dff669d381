package org.deft4j.runtime.trace;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.deft4j.engine.json.JsonReader;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.budget.SearchBudget;
import org.deft4j.search.driver.Recording;
import org.deft4j.search.driver.StopReason;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.strategy.StrategyContext;
import org.deft4j.tree.DeftException;

/**
 * A trace that was read.
 *
 * @param header what was searched and how
 * @param budget the limits in force at its end: the header's, or those of the last continuation
 * @param context what the strategy was told at the start; empty if the trace broke off before
 * @param recording what the search did
 * @param answer the answer of a search that ended with one
 * @param treeHash names the tree of a search that ended; else empty
 * @param bytes length of its whole lines: what comes after was torn
 */
public record Trace(
    TraceHeader header,
    SearchBudget budget,
    Optional<StrategyContext> context,
    Recording recording,
    Optional<String> answer,
    String treeHash,
    long bytes) {

  /**
   * Reads a trace. A last line without its end, as a crash leaves it, is left out.
   *
   * @throws DeftException with exit code 2 if the file cannot be read or is no trace, naming the
   *     line and what is wrong there
   */
  public static Trace read(Path file) {
    byte[] bytes;
    try {
      bytes = Files.readAllBytes(file);
    } catch (IOException e) {
      throw new DeftException(
          DeftException.USAGE, "cannot read the trace " + file + ": " + e.getMessage(), e);
    }
    int end = bytes.length;
    while (end > 0 && bytes[end - 1] != '\n') {
      end--;
    }
    if (end == 0) {
      throw new DeftException(
          DeftException.USAGE, file + " is no trace, or broke off within its first line");
    }
    return new Reader(file, end).read(new String(bytes, 0, end, StandardCharsets.UTF_8));
  }

  private static final class Reader {
    private final Path file;
    private final long bytes;
    private SearchBudget budget = SearchBudget.UNLIMITED;
    private Optional<StrategyContext> context = Optional.empty();
    private List<SearchEvent> events = new ArrayList<>();
    private List<SearchEvent.ThoughtAdded> spare = List.of();
    private Optional<StopReason> stopped = Optional.empty();
    private Optional<String> answer = Optional.empty();
    private String treeHash = "";
    private long micros;

    Reader(Path file, long bytes) {
      this.file = file;
      this.bytes = bytes;
    }

    Trace read(String text) {
      List<String> lines = text.lines().toList();
      int line = 0;
      try {
        TraceHeader header = TraceHeader.read(JsonReader.read(lines.getFirst()));
        budget = header.budget();
        for (line = 1; line < lines.size(); line++) {
          line(Fields.of(JsonReader.read(lines.get(line))));
        }
        Recording recording = new Recording(events, spare, stopped, micros * 1000);
        return new Trace(header, budget, context, recording, answer, treeHash, bytes);
      } catch (IllegalArgumentException | ArithmeticException e) {
        throw new DeftException(
            DeftException.USAGE, "%s, line %d: %s".formatted(file, line + 1, e.getMessage()), e);
      }
    }

    private void line(Fields f) {
      micros = Math.max(micros, f.integer("t", 0));
      switch (f.text("event")) {
        case "Started" -> context = Optional.of(context(f));
        case "Rewound" -> {
          Recording r =
              new Recording(events, spare, Optional.empty(), 0).rewound(f.small("events"));
          events = new ArrayList<>(r.events());
          spare = r.spare();
          budget = BudgetJson.read(f.object("budget"));
          stopped = Optional.empty();
        }
        case "Finished" -> {
          stopped = Optional.of(EventJson.reason(f.text("stopped")));
          answer = f.has("answer") ? Optional.of(f.text("answer")) : Optional.empty();
          treeHash = f.text("treeHash");
        }
        case "Resumed" -> {
          // What had stopped goes on.
          stopped = Optional.empty();
          answer = Optional.empty();
          treeHash = "";
        }
        default -> EventJson.read(f).ifPresent(events::add);
      }
    }

    private static StrategyContext context(Fields f) {
      Thought root =
          new Thought(
              Thought.ROOT,
              -1,
              0,
              "",
              "",
              new ThoughtState.Partial(f.text("problem")),
              0,
              0,
              true,
              Optional.empty());
      return new StrategyContext(
          root,
          f.text("evaluator"),
          f.flag("joint"),
          f.flag("canPropose"),
          f.flag("proves"),
          f.integer("seed"));
    }
  }
}

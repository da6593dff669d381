package org.deft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.budget.SearchBudget;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.strategy.PruneReason;
import org.junit.jupiter.api.Test;

class LiveViewTest {
  private static final SearchBudget BUDGET = SearchBudget.UNLIMITED.withDecodeTokens(3000);

  private final StringWriter text = new StringWriter();
  private final AtomicLong nanos = new AtomicLong();

  private LiveView view(boolean redraws, int columns, int rows) {
    return new LiveView(new PrintWriter(text), "2/9", BUDGET, redraws, columns, rows, nanos::get);
  }

  private static SearchEvent step() {
    return new SearchEvent.Stepped(10, 1500, 7, 3, 4096, 1024);
  }

  private static Thought thought(long ordinal, long parent, int depth, boolean dead) {
    ThoughtState state =
        dead ? new ThoughtState.Dead("cut") : new ThoughtState.Answer("answer\n" + ordinal);
    return new Thought(
        ordinal,
        parent,
        depth,
        "solve",
        "",
        state,
        3,
        0,
        true,
        Optional.of(new Score(.5, false, "c")));
  }

  private static void grow(LiveView view) {
    for (int i = 1; i <= 5; i++) {
      view.on(new SearchEvent.ThoughtAdded(1, thought(i, 0, 1, i == 3), List.of(), false));
    }
    view.on(new SearchEvent.Scored(2, 1, new Score(.87, false, "c")));
    view.on(new SearchEvent.Scored(2, 2, new Score(0, false, "c")));
    view.on(new SearchEvent.Scored(2, 5, new Score(1, true, "c")));
    view.on(new SearchEvent.ThoughtAdded(3, thought(6, 2, 2, false), List.of(), false));
    view.on(new SearchEvent.Pruned(2, PruneReason.OUTRANKED));
    view.on(new SearchEvent.Selected(thought(1, 0, 1, false)));
    view.on(step());
  }

  /** What a terminal of this many columns shows, and whether anything was left above. */
  private static List<String> screen(String output) {
    StringBuilder[] lines = new StringBuilder[40];
    java.util.Arrays.setAll(lines, _ -> new StringBuilder());
    int row = 0;
    int column = 0;
    for (int i = 0; i < output.length(); i++) {
      char c = output.charAt(i);
      if (c == '\r') {
        column = 0;
      } else if (c == '\n') {
        row++;
      } else if (c == '\033') {
        int end = i + 2;
        while (!Character.isLetter(output.charAt(end))) {
          end++;
        }
        switch (output.charAt(end)) {
          case 'A' -> row -= Integer.parseInt(output.substring(i + 2, end));
          case 'K' -> lines[row].setLength(Math.min(column, lines[row].length()));
          case 'J' -> {
            lines[row].setLength(Math.min(column, lines[row].length()));
            for (int r = row + 1; r < lines.length; r++) {
              lines[r].setLength(0);
            }
          }
          default -> throw new AssertionError("unknown " + output.substring(i + 1, end + 1));
        }
        i = end;
      } else {
        while (lines[row].length() <= column) {
          lines[row].append(' ');
        }
        lines[row].setCharAt(column++, c);
      }
    }
    return java.util.Arrays.stream(lines)
        .map(StringBuilder::toString)
        .filter(l -> !l.isEmpty())
        .toList();
  }

  @Test
  void showsATreeInAFewLines() {
    LiveView view = view(true, 90, 24);
    nanos.set(1_000_000_000);
    grow(view);
    assertThat(screen(text.toString()))
        .containsExactly(
            "2/9: 7 thoughts, depth 2, 10 live, 1,500 tokens (1,500/s), best 0.500, budget 50 %,"
                + " 1.0 s",
            "  1 |8-x.*", "  2 |-", "best: answer 1");
  }

  @Test
  void redrawsInPlaceAndLeavesNothing() {
    LiveView view = view(true, 90, 24);
    for (int i = 0; i < 5; i++) {
      nanos.addAndGet(1_000_000_000);
      grow(view);
      assertThat(screen(text.toString())).hasSize(4);
    }
    view.clear();
    assertThat(screen(text.toString())).isEmpty();
    int length = text.toString().length();
    view.clear();
    assertThat(text.toString()).as("nothing to remove").hasSize(length);
  }

  @Test
  void drawsAFewTimesASecondHoweverManySteps() {
    LiveView view = view(true, 80, 24);
    for (int i = 0; i < 1000; i++) {
      nanos.addAndGet(1_000_000);
      view.on(step());
    }
    assertThat(text.toString().split("2/9", -1)).hasSizeBetween(5, 10);
  }

  @Test
  void neverWritesPastTheEdges() {
    LiveView view = view(true, 20, 4);
    nanos.set(1_000_000_000);
    grow(view);
    for (int i = 10; i < 90; i++) {
      view.on(new SearchEvent.ThoughtAdded(1, thought(i, 0, 1, false), List.of(), false));
    }
    nanos.set(2_000_000_000);
    view.on(step());
    assertThat(screen(text.toString()))
        .hasSizeLessThan(4)
        .allMatch(l -> l.length() < 20)
        .contains("2/9: 7 thoughts, de");
  }

  @Test
  void withoutATerminalThereIsALineNowAndThen() {
    LiveView view = view(false, 80, 24);
    view.show("opening");
    for (int i = 0; i < 12; i++) {
      nanos.addAndGet(1_000_000_000);
      view.on(step());
    }
    view.clear();
    assertThat(text.toString().lines())
        .hasSize(2)
        .allMatch(l -> l.startsWith("deft: 2/9: 7 thoughts") && !l.contains("\033"));
  }
}

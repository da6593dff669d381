package org.deft4j.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.deft4j.search.budget.SearchBudget;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.event.SearchListener;

/**
 * Shows how a search goes, on the thread that searches; it costs a clock reading a step. On a
 * terminal a few lines are redrawn in place a few times a second, and are gone afterwards. Where
 * there is none, or one that cannot redraw, a line is written every few seconds.
 */
final class LiveView implements SearchListener {
  private static final long REDRAW_NANOS = 150_000_000;
  private static final long LINE_NANOS = 5_000_000_000L;
  private static final int MOST_LEVELS = 6;

  /** Erase from the cursor to the end of the line, and to the end of the screen. */
  private static final String ERASE_LINE = "\033[K";

  private static final String ERASE_BELOW = "\033[J";

  private final PrintWriter out;
  private final LiveTree tree;
  private final boolean redraws;
  private final int columns;
  private final int rows;
  private final LongSupplier clock;
  private final long begin;
  private long drawn;

  /** Lines of what stands on the terminal now. */
  private int height;

  /**
   * A view.
   *
   * @param label stands first, for instance {@code 3/100}
   * @param budget what may be spent
   * @param redraws whether {@code out} is a terminal that can be redrawn
   * @param columns of the terminal
   * @param rows of the terminal
   * @param clock nanoseconds
   */
  LiveView(
      PrintWriter out,
      String label,
      SearchBudget budget,
      boolean redraws,
      int columns,
      int rows,
      LongSupplier clock) {
    this.out = out;
    this.tree = new LiveTree(label, budget);
    this.redraws = redraws;
    this.columns = columns;
    this.rows = rows;
    this.clock = clock;
    begin = clock.getAsLong();
    drawn = redraws ? begin - REDRAW_NANOS : begin;
  }

  /** A view of work that has no budget. */
  static LiveView of(Context context, String label) {
    return of(context, label, SearchBudget.UNLIMITED);
  }

  /** A view on the standard error of a command. */
  static LiveView of(Context context, String label, SearchBudget budget) {
    Terminal terminal = context.terminal();
    return new LiveView(
        terminal.err(),
        label,
        budget,
        terminal.canRedraw(),
        terminal.columns(),
        terminal.rows(),
        System::nanoTime);
  }

  @Override
  public void on(SearchEvent event) {
    if (tree.accept(event)) {
      step();
    } else if (event instanceof SearchEvent.Finished) {
      clear();
    }
  }

  private void step() {
    long now = clock.getAsLong();
    if (now - drawn < (redraws ? REDRAW_NANOS : LINE_NANOS)) {
      return;
    }
    drawn = now;
    double seconds = (now - begin) / 1e9;
    if (!redraws) {
      out.println("deft: " + tree.line(seconds));
      out.flush();
      return;
    }
    List<String> lines = new ArrayList<>();
    lines.add(tree.line(seconds));
    lines.addAll(tree.levels(Math.clamp(rows - 4L, 0, MOST_LEVELS), columns));
    if (!tree.best().isEmpty() && rows > 3) {
      lines.add(tree.best());
    }
    show(lines);
  }

  /** Shows one line in place of what stands there; nothing where it could not be taken back. */
  void show(String line) {
    if (redraws) {
      show(List.of(line));
    }
  }

  private void show(List<String> lines) {
    StringBuilder text = new StringBuilder(home());
    for (int i = 0; i < lines.size(); i++) {
      String line = lines.get(i);
      // A line that wraps would be two, and the next drawing would begin in the wrong one.
      text.append(i == 0 ? "" : "\r\n").append(line, 0, Math.min(line.length(), columns - 1));
      text.append(ERASE_LINE);
    }
    text.append(lines.size() < height ? ERASE_BELOW : "");
    out.print(text);
    out.flush();
    height = lines.size();
  }

  /** Moves to the beginning of what stands there. */
  private String home() {
    return height > 1 ? "\r\033[" + (height - 1) + "A" : "\r";
  }

  /** Removes everything. */
  void clear() {
    if (height > 0) {
      out.print(home() + ERASE_BELOW);
      out.flush();
      height = 0;
    }
  }
}

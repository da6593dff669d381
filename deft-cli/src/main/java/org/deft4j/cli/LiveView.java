package org.deft4j.cli;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.LongSupplier;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.event.SearchListener;

/**
 * One line on a terminal that shows how a search goes, redrawn a few times a second on the thread
 * that searches; it costs a clock reading a step.
 */
final class LiveView implements SearchListener {
  private static final long PERIOD_NANOS = 150_000_000;

  /** Carriage return, and after the text: erase to the end of the line. */
  private static final String START = "\r";

  private static final String ERASE = "\033[K";

  private final PrintWriter out;
  private final String label;
  private final int columns;
  private final LongSupplier clock;
  private final long begin;
  private long drawn;
  private boolean visible;
  private double best = Double.NaN;

  /**
   * A view.
   *
   * @param label stands first, for instance {@code 3/100}
   * @param columns of the terminal
   * @param clock nanoseconds
   */
  LiveView(PrintWriter out, String label, int columns, LongSupplier clock) {
    this.out = out;
    this.label = label;
    this.columns = columns;
    this.clock = clock;
    begin = clock.getAsLong();
    drawn = begin - PERIOD_NANOS;
  }

  /** A view on the terminal of a command. */
  static LiveView of(Context context, String label) {
    Terminal terminal = context.terminal();
    return new LiveView(terminal.err(), label, terminal.columns(), System::nanoTime);
  }

  @Override
  public void on(SearchEvent event) {
    switch (event) {
      case SearchEvent.Stepped s -> step(s);
      case SearchEvent.Selected s -> s.best().score().ifPresent(score -> best = score.value());
      case SearchEvent.Finished _ -> clear();
      default -> {}
    }
  }

  private void step(SearchEvent.Stepped s) {
    long now = clock.getAsLong();
    if (now - drawn < PERIOD_NANOS) {
      return;
    }
    drawn = now;
    double seconds = (now - begin) / 1e9;
    String line =
        String.format(
            Locale.ROOT,
            "%s%d nodes, %d live, %,d tokens (%,.0f/s)%s, %.1f s",
            label.isEmpty() ? "" : label + ": ",
            s.nodes(),
            s.live(),
            s.decoded(),
            seconds > 0 ? s.decoded() / seconds : 0,
            Double.isNaN(best) ? "" : ", best " + Format.number(best),
            seconds);
    show(line);
  }

  /** Shows any text in place of the line. */
  void show(String line) {
    out.print(START + line.substring(0, Math.min(line.length(), columns - 1)) + ERASE);
    out.flush();
    visible = true;
  }

  /** Removes the line. */
  void clear() {
    if (visible) {
      out.print(START + ERASE);
      out.flush();
      visible = false;
    }
  }
}

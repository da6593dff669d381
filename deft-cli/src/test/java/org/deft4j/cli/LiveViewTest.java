package org.deft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.concurrent.atomic.AtomicLong;
import org.deft4j.search.event.SearchEvent;
import org.junit.jupiter.api.Test;

class LiveViewTest {
  private final StringWriter text = new StringWriter();
  private final AtomicLong nanos = new AtomicLong();

  private LiveView view(int columns) {
    return new LiveView(new PrintWriter(text), "2/9", columns, nanos::get);
  }

  private static SearchEvent step() {
    return new SearchEvent.Stepped(10, 1500, 7, 3, 4096, 1024);
  }

  @Test
  void drawsAFewTimesASecondHoweverManySteps() {
    LiveView view = view(80);
    for (int i = 0; i < 1000; i++) {
      nanos.addAndGet(1_000_000);
      view.on(step());
    }
    assertThat(text.toString().split("\r", -1)).hasSizeBetween(5, 10);
    assertThat(text.toString()).contains("2/9: 7 nodes, 10 live, 1,500 tokens (");
  }

  @Test
  void neverWritesPastTheEdgeAndCleansUp() {
    LiveView view = view(20);
    nanos.set(1_000_000_000);
    view.on(step());
    assertThat(text.toString()).isEqualTo("\r2/9: 7 nodes, 10 li\033[K");
    view.clear();
    view.clear();
    assertThat(text.toString()).endsWith("\033[K\r\033[K");
  }
}

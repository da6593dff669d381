package org.deft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class InterruptTest {
  @Test
  void cancelsWhatRunsOnceAndWhatStartsLater() {
    Interrupt interrupt = new Interrupt();
    AtomicInteger cancelled = new AtomicInteger();
    interrupt.onRaise(cancelled::incrementAndGet);
    assertThat(interrupt.raised()).isFalse();
    interrupt.raise();
    interrupt.raise();
    assertThat(cancelled).hasValue(1);
    interrupt.onRaise(cancelled::incrementAndGet);
    assertThat(cancelled).hasValue(2);
    assertThat(interrupt.finish()).isTrue();
  }

  @Test
  void withoutOneTheProcessExitsByItself() {
    assertThat(new Interrupt().finish()).isFalse();
  }
}

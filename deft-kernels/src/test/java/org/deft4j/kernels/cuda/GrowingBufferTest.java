package org.deft4j.kernels.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.deft4j.tree.DeftException;
import org.junit.jupiter.api.Test;

/** What is held when memory comes and goes, with memory that is only counted. */
final class GrowingBufferTest {
  /** Sizes that were asked for, in order. */
  private final List<Long> asked = new ArrayList<>();

  private long free;
  private int code = DeftException.OUT_OF_MEMORY;
  private final GrowingBuffer buffer = new GrowingBuffer(this::memory);

  private DeviceBuffer memory(long bytes) {
    asked.add(bytes);
    if (bytes > free) {
      throw new DeftException(code, "no " + bytes + " bytes");
    }
    free -= bytes;
    return new DeviceBuffer(new DevicePointer(), bytes, b -> free += b.bytes());
  }

  private void assertFull(long bytes, String message) {
    assertThatThrownBy(() -> buffer.atLeast(bytes))
        .isInstanceOf(DeftException.class)
        .hasMessage(message);
  }

  @Test
  void itGrowsByHalfBesideTheOneBefore() {
    free = 1000;
    DeviceBuffer first = buffer.atLeast(100);
    assertThat(buffer.atLeast(100)).isSameAs(first);
    assertThat(buffer.atLeast(40)).isSameAs(first);
    assertThat(buffer.atLeast(101).bytes()).isEqualTo(150);
    assertThat(first.closed()).isTrue();
    assertThat(buffer.atLeast(400).bytes()).isEqualTo(400);
    assertThat(asked).containsExactly(100L, 150L, 400L);
    assertThat(free).isEqualTo(600);
    buffer.close();
    assertThat(free).isEqualTo(1000);
  }

  @Test
  void whereHalfAsMuchAgainDoesNotFitTheLeastDoes() {
    free = 130;
    DeviceBuffer first = buffer.atLeast(100);
    assertThat(buffer.atLeast(120).bytes()).isEqualTo(120);
    assertThat(first.closed()).isTrue();
    assertThat(asked).containsExactly(100L, 150L, 120L);
  }

  @Test
  void whatWasEnoughBeforeStillIsAfterAFailure() {
    free = 130;
    DeviceBuffer first = buffer.atLeast(100);
    assertFull(140, "no 140 bytes");
    assertThat(first.closed()).isTrue();
    assertThat(free).as("100 are held").isEqualTo(30);
    asked.clear();
    DeviceBuffer again = buffer.atLeast(100);
    assertThat(again.closed()).isFalse();
    assertThat(again.bytes()).isEqualTo(100);
    assertThat(asked).isEmpty();
    free += 40;
    assertThat(buffer.atLeast(140).bytes()).isEqualTo(140);
  }

  @Test
  void whenEvenTheSizeBeforeIsGoneNothingIsHeld() {
    free = 100;
    DeviceBuffer first = buffer.atLeast(60);
    free = -60;
    assertFull(80, "no 80 bytes");
    assertThat(first.closed()).isTrue();
    assertThat(free).isZero();
    free = 10;
    assertThat(buffer.atLeast(10).bytes()).isEqualTo(10);
  }

  /** A lost device is asked once, and not for less. */
  @Test
  void anotherFaultIsNotMadeUpFor() {
    free = 100;
    DeviceBuffer first = buffer.atLeast(60);
    code = DeftException.RUNTIME;
    assertFull(80, "no 90 bytes");
    assertThat(asked).containsExactly(60L, 90L);
    assertThat(buffer.atLeast(60)).isSameAs(first);
  }
}

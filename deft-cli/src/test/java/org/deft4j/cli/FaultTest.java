package org.deft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.deft4j.cli.CliRunner.Outcome;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.TreeDecoder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Models whose device fails while a command runs: one line, the exit code, the best so far. */
@Timeout(60)
class FaultTest {
  @TempDir Path temp;

  /** A run whose decoder's steps fail from one on. */
  private Outcome run(DeftException fault, int steps, String... more) {
    AtomicInteger made = new AtomicInteger();
    String[] command = {"run", "sorting", "--problem", "[3, 1, 2]", "--strategy", "tot-bfs"};
    String[] all = java.util.Arrays.copyOf(command, command.length + more.length);
    System.arraycopy(more, 0, all, command.length, more.length);
    return new CliRunner(temp)
        // Wrong, so that a second stage mends it.
        .answers(list -> "2, 1, 3")
        .wraps(real ->
            (TreeDecoder)
                Proxy.newProxyInstance(
                    TreeDecoder.class.getClassLoader(),
                    new Class<?>[] {TreeDecoder.class},
                    (proxy, method, args) -> {
                      if (method.getName().equals("step") && made.incrementAndGet() > steps) {
                        throw fault;
                      }
                      try {
                        return method.invoke(real, args);
                      } catch (InvocationTargetException e) {
                        throw e.getCause();
                      }
                    }))
        .run(all);
  }

  @Test
  void memoryThatRunsOutEndsWithTheBestSoFarALineAndFive() {
    DeftException full =
        new DeftException(DeftException.OUT_OF_MEMORY, "not enough device memory for activations");
    int whole = 0;
    int best = 0;
    for (int steps = 0; whole == 0 && steps < 200; steps++) {
      Outcome o = run(full, steps);
      if (o.code() == 0) {
        whole++;
        continue;
      }
      assertThat(o.code()).as("after %d steps: %s", steps, o.err()).isEqualTo(5);
      assertThat(o.err().lines().filter(l -> l.contains("not enough device memory"))).hasSize(1);
      assertThat(o.err()).doesNotContain("\tat ");
      if (!o.out().isEmpty()) {
        best++;
        assertThat(o.out()).contains("stopped: memory");
        Outcome document = run(full, steps, "--json");
        assertThat(document.code()).isEqualTo(5);
        assertThat(document.result().get("stopped")).isEqualTo("memory");
        assertThat(o.err()).contains("the search ended with its best so far: not enough");
      }
    }
    assertThat(whole).isPositive();
    assertThat(best).isPositive();
  }

  @Test
  void aLostDeviceIsOneLineAndOne() {
    DeftException lost =
        new DeftException(DeftException.RUNTIME, "the device's context is lost: UNKNOWN");
    Outcome o = run(lost, 3, "--quiet");
    assertThat(o.code()).isEqualTo(1);
    assertThat(o.out()).isEmpty();
    assertThat(o.err()).isEqualTo("deft: the device's context is lost: UNKNOWN\n");
  }
}

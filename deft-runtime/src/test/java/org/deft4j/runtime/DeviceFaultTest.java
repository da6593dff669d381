package org.deft4j.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.deft4j.kernels.cuda.EnabledIfCuda;
import org.deft4j.kernels.cuda.TroubledDevice;
import org.deft4j.search.driver.SearchHandle;
import org.deft4j.search.driver.SearchRequest;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.driver.SearchService;
import org.deft4j.search.driver.StopReason;
import org.deft4j.search.evaluate.LogProbEvaluator;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.spi.Options;
import org.deft4j.tree.DeftException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Several searches on one device that fails in the middle of them. */
@EnabledIfCuda
@Timeout(300)
class DeviceFaultTest {
  private static Deft open() {
    return Deft.open(
        DeftOptions.of("deft-mini")
            .withEngine(
                e -> e.withBackend("cuda").withDeterministic(true).withKvMemory(512 << 20)));
  }

  /** Four levels of four times {@code width} thoughts; only the last level's are answers. */
  private static SearchRequest beam(Deft deft, int width, int seed) {
    Options how = Options.none().with("width", "" + width).with("branch", "4").with("depth", "4");
    return SearchRequest.of(
            new WalkProblem("[3, 1, 2]", 8, 4), deft.registry().strategy("beam", how))
        .withEvaluator(new LogProbEvaluator(true))
        .withSeed(seed)
        .ordered(64);
  }

  @Test
  void aFullDeviceEndsSearchesWithTheirBestAndTheNextRunsAsBefore() throws Exception {
    try (TroubledDevice trouble = new TroubledDevice();
        Deft deft = open()) {
      String undisturbed = deft.driver().run(beam(deft, 2, 0)).treeHash();
      try (SearchService service = new SearchService(deft.decoder())) {
        AtomicBoolean full = new AtomicBoolean();
        List<SearchHandle> handles = new CopyOnWriteArrayList<>();
        SearchHandle first =
            service.submit(
                beam(deft, 2, 0)
                    .withListener(e -> {
                      if (e instanceof SearchEvent.ThoughtAdded
                          && full.compareAndSet(false, true)) {
                        trouble.fill();
                        // More rows at once than there were when there was memory.
                        for (int i = 1; i < 4; i++) {
                          handles.add(service.submit(beam(deft, 50, i)));
                        }
                      }
                    }));
        handles.addFirst(first);
        SearchResult own = first.result().get(2, TimeUnit.MINUTES);
        assertThat(handles).as("memory went while it ran").hasSize(4);
        for (SearchHandle handle : handles) {
          try {
            SearchResult result = handle.result().get(2, TimeUnit.MINUTES);
            assertThat(result.stopped()).isIn(StopReason.MEMORY, StopReason.FINISHED);
            assertThat(result.answer().isPresent()).isEqualTo(handle.current().isPresent());
            assertThat(handle.current().isPresent() || result.stopped() == StopReason.MEMORY)
                .isTrue();
          } catch (ExecutionException e) {
            // The last one, if it has no thought yet: nothing but memory helps it.
            assertThat(e.getCause())
                .isInstanceOfSatisfying(
                    DeftException.class,
                    d -> assertThat(d.exitCode()).isEqualTo(DeftException.OUT_OF_MEMORY))
                .hasMessageContaining("device memory");
          }
        }
        if (own.stopped() == StopReason.FINISHED) {
          assertThat(own.treeHash()).isEqualTo(undisturbed);
        }
        trouble.empty();
        SearchResult after = service.submit(beam(deft, 2, 0)).result().get(2, TimeUnit.MINUTES);
        assertThat(after.stopped()).isEqualTo(StopReason.FINISHED);
        assertThat(after.treeHash()).isEqualTo(undisturbed);
      }
    }
  }

  /** The error ends the process's context, so it has a process of its own. */
  @Test
  void aLostDeviceEndsAllSearchesAndTheProcessEndsByItself(@TempDir Path temp) throws Exception {
    // A file: a pipe that nobody reads would stop the process when it is full.
    Path out = temp.resolve("out");
    Process child =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "--add-modules=jdk.incubator.vector",
                "-cp",
                System.getProperty("java.class.path"),
                Child.class.getName())
            .redirectErrorStream(true)
            .redirectOutput(out.toFile())
            .start();
    boolean ended = child.waitFor(3, TimeUnit.MINUTES);
    child.destroyForcibly().waitFor();
    String said = new String(Files.readAllBytes(out), StandardCharsets.UTF_8);
    assertThat(ended).as("it ended by itself: %s", said).isTrue();
    assertThat(said.lines().filter(l -> l.startsWith("search")))
        .as(said)
        .hasSize(3)
        .allMatch(l -> l.contains("exit code 1") && l.contains("context is lost"));
    assertThat(said).contains("service closed").contains("engine closed");
    assertThat(child.exitValue()).as(said).isEqualTo(DeftException.RUNTIME);
  }

  /** What the other process runs: searches, a loss, one more search. */
  static final class Child {
    private Child() {}

    /** Ends with the exit code of what ended the searches. */
    public static void main(String[] args) throws Exception {
      int code = 0;
      Deft deft = open();
      try (TroubledDevice trouble = new TroubledDevice()) {
        SearchService service = new SearchService(deft.decoder());
        AtomicBoolean lost = new AtomicBoolean();
        List<SearchHandle> handles = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
          handles.add(
              service.submit(
                  beam(deft, 8, i)
                      .withListener(e -> {
                        if (e instanceof SearchEvent.ThoughtAdded
                            && lost.compareAndSet(false, true)) {
                          DeftException unused = trouble.lose();
                        }
                      })));
        }
        for (SearchHandle handle : handles) {
          code = Math.max(code, told(handle));
        }
        code = Math.max(code, told(service.submit(beam(deft, 8, 2))));
        service.close();
        System.out.println("service closed");
      }
      try {
        deft.close();
      } catch (DeftException e) {
        System.out.println("closing: " + e.getMessage());
      }
      System.out.println("engine closed");
      System.exit(code);
    }

    private static int told(SearchHandle handle) throws InterruptedException {
      try {
        System.out.println("search ended: " + handle.result().get().stopped());
        return 0;
      } catch (ExecutionException e) {
        DeftException why = (DeftException) Objects.requireNonNull(e.getCause());
        System.out.println("search: exit code " + why.exitCode() + ": " + why.getMessage());
        return why.exitCode();
      }
    }
  }
}

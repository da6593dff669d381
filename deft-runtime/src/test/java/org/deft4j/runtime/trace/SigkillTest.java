package org.deft4j.runtime.trace;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.deft4j.search.driver.SearchDriver;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.testing.LetterProblem;
import org.deft4j.testing.ScriptedDecoder;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Processes killed with SIGKILL at random moments, each gone on with by the next, until {@code
 * -Ddeft.kills} of them (100 by default) were killed while they searched.
 */
class SigkillTest {
  private static final int KILLS = Integer.getInteger("deft.kills", 100);

  /** What an undisturbed search takes in a process of its own, about. */
  private static final int MILLIS = 400;

  /** What SIGKILL makes of an exit code. */
  private static final int KILLED = 128 + 9;

  @TempDir Path temp = Path.of("");

  @Test
  @Tag("slow")
  void searchesEndAsIfTheyHadNotBeenKilled() throws Exception {
    Random random = new Random(1);
    int kills = 0;
    int searches = 0;
    int most = 0;
    while (kills < KILLS) {
      int kind = searches % LetterSearches.KINDS;
      Path undisturbed = temp.resolve("whole-" + searches + ".jsonl");
      SearchResult whole = whole(kind, undisturbed);
      long pause =
          TimeUnit.MILLISECONDS.toNanos(MILLIS)
              / Trace.read(undisturbed).recording().events().size();
      Path file = temp.resolve("killed-" + searches + ".jsonl");
      List<SearchEvent> before = List.of();
      int mine = 0;
      while (killed(kind, file, pause, random.nextInt(2 * MILLIS))) {
        mine++;
        // Nothing that was recorded is lost.
        List<SearchEvent> now = Trace.read(file).recording().events();
        assertThat(now).hasSizeGreaterThanOrEqualTo(before.size());
        assertThat(now.subList(0, before.size())).isEqualTo(before);
        before = now;
      }
      Trace last = Trace.read(file);
      assertThat(last.recording().events().subList(0, before.size())).isEqualTo(before);
      assertThat(last.treeHash()).as("search %d", searches).isEqualTo(whole.treeHash());
      assertThat(last.recording().stopped()).contains(whole.stopped());
      assertThat(last.answer()).isEqualTo(whole.answer());
      assertThat(thoughts(last)).isEqualTo(thoughts(Trace.read(undisturbed)));
      kills += mine;
      most = Math.max(most, mine);
      searches++;
    }
    System.out.printf(
        "%d searches killed %d times, one of them %d times, ended as if they had not been%n",
        searches, kills, most);
  }

  private static SearchResult whole(int kind, Path file) {
    try (ScriptedDecoder decoder = LetterProblem.decoder(kind);
        TraceWriter writer = TraceWriter.create(file, LetterSearches.header(kind))) {
      return new SearchDriver(decoder).run(LetterSearches.request(kind).withListener(writer));
    }
  }

  /** Its thoughts; those of a list that broke off while it was recorded are there twice. */
  private static List<Long> thoughts(Trace trace) {
    return trace.recording().events().stream()
        .filter(SearchEvent.ThoughtAdded.class::isInstance)
        .map(e -> ((SearchEvent.ThoughtAdded) e).thought().ordinal())
        .distinct()
        .sorted()
        .toList();
  }

  /** Searches in a process of its own; true if it was killed before it came to its end. */
  private static boolean killed(int kind, Path file, long pause, int millis)
      throws IOException, InterruptedException {
    List<String> java = new ArrayList<>();
    java.add(ProcessHandle.current().info().command().orElseThrow());
    java.addAll(List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-cp"));
    java.add(
        System.getProperty("java.class.path")
            .replace(File.pathSeparator + File.pathSeparator, File.pathSeparator));
    java.addAll(List.of(KilledProcess.class.getName(), "" + kind, file.toString(), "" + pause));
    Process process =
        new ProcessBuilder(java).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    assertThat(process.getInputStream().read()).as("it begins").isEqualTo('b');
    process.waitFor(millis, TimeUnit.MILLISECONDS);
    process.destroyForcibly();
    int code = process.waitFor();
    assertThat(code).isIn(0, KILLED);
    return code == KILLED;
  }
}

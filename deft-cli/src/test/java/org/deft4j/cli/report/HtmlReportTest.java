package org.deft4j.cli.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import org.deft4j.search.strategy.PruneReason;
import org.deft4j.tree.DeftException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.CleanupMode;
import org.junit.jupiter.api.io.TempDir;

class HtmlReportTest {
  /** Set to keep pictures of the page: a folder. */
  private static final String PICTURES = "deft.test.pictures";

  // Chromium may still write its profile when the folder is cleaned.
  @TempDir(cleanup = CleanupMode.NEVER)
  Path folder;

  /** A small tree: two levels, one pruned, one dead, one duplicate. */
  private static SearchLog small() {
    SearchLog log = new SearchLog();
    log.title("sorting by tot-bfs");
    log.fact("model", "deft-mini");
    log.started("[3, 1, 2] </script><b>");
    log.stepped(0.1, 3, 0, 4000, 8000);
    log.thought(.2, 1, 0, 1, "solve", "[1, 2, 3]", SearchLog.State.ANSWER, "[1, 2, 3]", 9, -1.5);
    log.thought(.2, 2, 0, 1, "solve", "[1, 3, 2]", SearchLog.State.ANSWER, "[1, 3, 2]", 9, -2.5);
    log.thought(.3, 3, 0, 1, "solve", "x", SearchLog.State.DEAD, "no list", 2, -9);
    log.thought(.3, 4, 0, 1, "solve", " [1, 2, 3]", SearchLog.State.ANSWER, "[1, 2, 3]", 9, -1.6);
    log.scored(1, .875, false, "checker");
    log.scored(2, .25, false, "checker");
    log.scored(4, .875, false, "checker");
    log.selected(1);
    log.pruned(2, PruneReason.OUTRANKED);
    log.pruned(4, PruneReason.REPEATED);
    log.stepped(.4, 2, 40, 4000, 6000);
    log.thought(.5, 5, 1, 2, "improve", "[1, 2, 3]!", SearchLog.State.ANSWER, "[1, 2, 3]", 9, -1);
    log.scored(5, 1, true, "checker");
    log.thought(.5, 6, 1, 2, "improve", "[1, 2]", SearchLog.State.ANSWER, "[1, 2]", 6, -3);
    log.thought(.5, 7, 1, 2, "improve", "[1, 3, 2]", SearchLog.State.ANSWER, "[1, 3, 2]", 9, -3);
    log.spent(Ledger.DECODED, 60);
    log.limit(Ledger.DECODED, 100);
    log.best(List.of(0L, 1L, 5L));
    return log;
  }

  @Test
  void saysWhyThoughtsWerePruned() {
    Map<?, ?> nodes = (Map<?, ?>) Objects.requireNonNull(small().data().get("nodes"));
    List<?> why = (List<?>) Objects.requireNonNull(nodes.get("why"));
    assertThat(why.get(1)).isNull();
    assertThat(why.get(2))
        .isEqualTo("score 0.250; the least of those kept at its depth, #1, has 0.875");
    assertThat(why.get(3)).isEqualTo("no list");
    assertThat(why.get(4)).isEqualTo("says the same as #1, which was kept");
  }

  @Test
  void whatIsBelowAPrunedThoughtIsPrunedWithIt() {
    SearchLog log = new SearchLog();
    log.started("p");
    log.thought(0, 1, 0, 1, "s", "a", SearchLog.State.PARTIAL, "a", 1, 0);
    log.thought(0, 2, 1, 2, "s", "b", SearchLog.State.PARTIAL, "b", 1, 0);
    log.pruned(1, PruneReason.LOOKED_AHEAD);
    Map<?, ?> nodes = (Map<?, ?>) Objects.requireNonNull(log.data().get("nodes"));
    List<?> why = (List<?>) Objects.requireNonNull(nodes.get("why"));
    assertThat(why.get(1)).isEqualTo("grown to judge #0, which is done");
    assertThat(why.get(2)).isEqualTo("#1 above it was pruned");
  }

  @Test
  void longSearchesHaveFewPoints() {
    SearchLog log = new SearchLog();
    log.started("p");
    for (int i = 1; i <= 100_000; i++) {
      log.stepped(i / 1000.0, i % 7, 5L * i, i == 70_000 ? 99 : 1, 0);
    }
    Map<?, ?> steps = (Map<?, ?>) Objects.requireNonNull(log.data().get("steps"));
    List<?> t = (List<?>) Objects.requireNonNull(steps.get("t"));
    List<?> rate = (List<?>) Objects.requireNonNull(steps.get("rate"));
    assertThat(t).hasSizeBetween(600, 1201);
    assertThat(t.getLast()).isEqualTo(100.0);
    List<?> kv = (List<?>) Objects.requireNonNull(steps.get("kv"));
    assertThat(kv.contains(99L)).as("the most of joined steps").isTrue();
    // Five tokens a step, a thousand steps a second.
    assertThat((Double) rate.get(500)).isBetween(4990.0, 5010.0);
  }

  @Test
  void aPageIsWholeAndHoldsTextsSafely() throws IOException {
    Path file = folder.resolve("r.html");
    HtmlReport.write(file, "a <title>", List.of(small()));
    String page = Files.readString(file);
    assertThat(page).contains("<title>a &lt;title></title>").doesNotContain("{{");
    assertThat(page).doesNotContain("[3, 1, 2] </script>");
    assertThat(page.replace("http://www.w3.org/2000/svg", ""))
        .doesNotContain("http:", "https:", "src=", "@import", "fetch(");
    assertThatThrownBy(() -> HtmlReport.write(folder.resolve("no/r.html"), "t", List.of(small())))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("no/r.html");
  }

  @Test
  void aBrowserOpensANodeAndReadsItsScore() throws Exception {
    Path file = folder.resolve("r.html");
    HtmlReport.write(file, "report", List.of(small()));
    try (Chromium browser = Chromium.open(folder.resolve("profile"))) {
      for (boolean dark : List.of(false, true)) {
        browser.open(file, dark);
        assertThat(browser.read1("#title")).isEqualTo("sorting by tot-bfs");
        assertThat(browser.read1("#shown")).isEqualTo("8 of 8 thoughts shown");
        assertThat(browser.read1("#score")).isEqualTo("1.0000 by checker, solved");
        clickOn(browser, 2, 0);
        assertThat(browser.read1("#panel h2")).isEqualTo("#2 solve");
        assertThat(browser.read1("#score")).isEqualTo("0.2500 by checker");
        assertThat(browser.read1("#panel")).contains("pruned").contains("#1, has 0.875");
        assertThat(browser.read1("#text")).isEqualTo("[1, 3, 2]");
        // The dot closes and opens.
        clickOn(browser, 1, 0);
        assertThat(browser.read1("#shown")).isEqualTo("5 of 8 thoughts shown");
        clickOn(browser, 1, 0);
        assertThat(browser.read1("#shown")).isEqualTo("8 of 8 thoughts shown");
        browser.run("document.querySelector('#panel [data-thought=\"5\"]').click()");
        assertThat(browser.read1("#panel h2")).isEqualTo("#5 improve");
        assertThat(browser.run("document.querySelectorAll('figure').length")).isEqualTo(3L);
        clickOn(browser, 6, 0);
        assertThat(browser.read1("#score")).isEqualTo("none");
        clickOn(browser, 7, 0);
        assertThat(browser.read1("#score"))
            .isEqualTo("0.2500 by checker, of #2, which says the same");
        assertThat(browser.read1("#ledger")).contains("tokens sampled").contains("100");
        picture(browser, dark ? "small-dark" : "small-light");
      }
      assertThat(browser.errors()).isEmpty();
    }
  }

  private static void clickOn(Chromium browser, long thought, int right)
      throws InterruptedException {
    Map<?, ?> at = (Map<?, ?>) browser.run("window.deft.where(" + thought + ")");
    assertThat(at).as("thought %d is shown", thought).isNotNull();
    Objects.requireNonNull(at);
    browser.click(number(at, "x") + right, number(at, "y"));
  }

  private static double number(Map<?, ?> map, String field) {
    return ((Number) Objects.requireNonNull(map.get(field))).doubleValue();
  }

  private static void picture(Chromium browser, String name) throws Exception {
    String to = System.getProperty(PICTURES);
    if (to != null) {
      browser.screenshot(Files.createDirectories(Path.of(to)).resolve(name + ".png"));
    }
  }

  /** Ten thousand thoughts, ten levels deep, as a wide search makes them. */
  private static SearchLog large() {
    Random random = new Random(1);
    SearchLog log = new SearchLog();
    log.title("document-merging by mcts");
    log.fact("model", "some-model-8B-Q8_0.gguf");
    log.fact("stopped", "finished");
    log.started("Two documents to merge.\nThe first.\nThe second.");
    List<Long> open = new ArrayList<>(List.of(0L));
    int[] depth = new int[10_001];
    long top = 0;
    double most = 0;
    for (int i = 1; i <= 10_000; i++) {
      long parent = open.get((int) (open.size() * Math.pow(random.nextDouble(), 2)));
      depth[i] = depth[(int) parent] + 1;
      boolean dead = random.nextInt(12) == 0;
      String text = "Thought " + i + " says that the river " + random.nextInt(99) + " rose.";
      log.thought(
          i / 100.0,
          i,
          parent,
          depth[i],
          "improve",
          text,
          dead
              ? SearchLog.State.DEAD
              : depth[i] > 6 ? SearchLog.State.ANSWER : SearchLog.State.PARTIAL,
          dead ? "cut off" : text,
          40,
          -30);
      if (!dead) {
        double score = random.nextDouble();
        log.scored(i, score, false, "judge");
        if (depth[i] < 9) {
          open.add((long) i);
        }
        if (depth[i] > 6 && score > most) {
          most = score;
          top = i;
        }
      }
      if (i % 400 == 0) {
        log.pruned(open.remove(open.size() - 1), PruneReason.ENDED);
      }
      log.stepped(i / 100.0, 20 + random.nextInt(30), 40L * i, 900_000L * i, 5_000_000L * i);
    }
    log.selected(top);
    return log;
  }

  @Test
  void tenThousandThoughtsCanBeRead() throws Exception {
    Path file = folder.resolve("large.html");
    HtmlReport.write(file, "large", List.of(large(), small()));
    try (Chromium browser = Chromium.open(folder.resolve("profile"))) {
      browser.open(file, false);
      String shown = browser.read1("#shown");
      assertThat(shown).endsWith(" of 10,001 thoughts shown");
      int open = Integer.parseInt(shown.substring(0, shown.indexOf(' ')).replace(",", ""));
      assertThat(open).as("few enough to read").isBetween(50, 1500);
      picture(browser, "large");
      browser.run("document.getElementById('open').click()");
      assertThat(browser.read1("#shown")).startsWith("10,001 of ");
      picture(browser, "large-open");
      browser.run("document.getElementById('tobest').click()");
      clickOn(browser, ((Number) Objects.requireNonNull(best(browser))).longValue(), 0);
      assertThat(browser.read1("#score")).endsWith("by judge");
      picture(browser, "large-best");
      browser.run("const p = document.getElementById('pick'); p.value = 1; p.onchange()");
      assertThat(browser.read1("#title")).isEqualTo("sorting by tot-bfs");
      assertThat(browser.errors()).isEmpty();
    }
  }

  private static Object best(Chromium browser) throws InterruptedException {
    return Objects.requireNonNull(
        browser.run("JSON.parse(document.getElementById('data').textContent)[0].best.at(-1)"));
  }
}

package org.deft4j.tasks;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.inject.Guice;
import com.google.inject.Key;
import com.google.inject.TypeLiteral;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.deft4j.search.driver.SearchDriver;
import org.deft4j.search.driver.SearchRequest;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.evaluate.Judge;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.TaskFactory;
import org.deft4j.search.strategy.TotBfs;
import org.deft4j.testing.ScriptedCodec;
import org.deft4j.testing.ScriptedDecoder;
import org.deft4j.testing.ScriptedModel;
import org.junit.jupiter.api.Test;

/**
 * How much of the prompts is computed once: all branches' whole prompts, against what was computed.
 * Prints a table; tokens are bytes here.
 */
class PromptSharingTest {
  private static final ScriptedCodec CODEC =
      new ScriptedCodec("<|bos|>", "<|im_start|>", "<|im_end|>");

  /** Wrong answers that can be read, so that searches go on through all stages. */
  private static final Map<String, String> ANSWERS =
      Map.of(
          "sorting", " [1, 2, 3]",
          "set-intersection", " [1, 2, 3]",
          "keyword-counting", " {\"Norway\": 1}",
          "document-merging", "The bridge over the river was closed.</Merged>",
          "game-of-24", "",
          "crosswords", "",
          "prompt", "A thought.\n\n");

  @Test
  void mostTokensOfPromptsAreComputedOnce() {
    Map<String, TaskFactory> tasks =
        new TreeMap<>(
            Guice.createInjector(new TasksPlugin().modules())
                .getInstance(Key.get(new TypeLiteral<Map<String, TaskFactory>>() {})));
    System.out.printf("%-18s %10s %10s %10s%n", "task", "of prompts", "computed", "not again");
    for (Map.Entry<String, TaskFactory> e : tasks.entrySet()) {
      Problem problem = e.getValue().create(Options.none()).generate(1);
      SearchResult r = search(problem, Objects.requireNonNull(ANSWERS.get(e.getKey())));
      long all = r.tokens().prefilled() + r.tokens().reused();
      double share = r.tokens().reused() / (double) all;
      System.out.printf(
          Locale.ROOT,
          "%-18s %10d %10d %8.1f %%%n",
          e.getKey(),
          all,
          r.tokens().prefilled(),
          100 * share);
      assertThat(r.tree().nodes()).as(e.getKey()).isEqualTo(30);
      assertThat(share).as(e.getKey()).isGreaterThan(.85);
    }
  }

  private static SearchResult search(Problem problem, String answer) {
    ScriptedModel model =
        ScriptedModel.canned(
            CODEC,
            (prompt, stream) ->
                stream < 0 ? "No" : answer.isEmpty() ? step(prompt, stream) : answer);
    TotBfs.Config config = new TotBfs.Config(10, 0, 3, 3, 1, TotBfs.Generate.SAMPLE, false, .5);
    try (ScriptedDecoder decoder = new ScriptedDecoder(CODEC, model)) {
      return new SearchDriver(decoder)
          .run(SearchRequest.of(problem, new TotBfs(config)).withEvaluator(new Judge()));
    }
  }

  /** A step that the rules allow, whatever the board or the numbers are. */
  private static String step(String prompt, long stream) {
    int left = prompt.lastIndexOf("Numbers left: ");
    if (left < 0) {
      int open = prompt.lastIndexOf("Open: ");
      return " " + prompt.substring(open + 6, open + 8) + ". AAAAA\n";
    }
    String[] numbers = prompt.substring(left + 14, prompt.indexOf('\n', left)).split(" ");
    int i = (int) (stream % (numbers.length - 1));
    return " %s + %s = %d\n"
        .formatted(
            numbers[i],
            numbers[i + 1],
            Integer.parseInt(numbers[i]) + Integer.parseInt(numbers[i + 1]));
  }
}

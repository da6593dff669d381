package org.deft4j.tasks.sorting;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.driver.SearchDriver;
import org.deft4j.search.driver.SearchRequest;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.driver.StopReason;
import org.deft4j.search.evaluate.Checker;
import org.deft4j.search.evaluate.Judge;
import org.deft4j.search.evaluate.ThoughtEvaluator;
import org.deft4j.search.evaluate.Vote;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.strategy.Greedy;
import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.search.strategy.TotBfs;
import org.deft4j.testing.ScriptedCodec;
import org.deft4j.testing.ScriptedDecoder;
import org.deft4j.testing.ScriptedModel;
import org.junit.jupiter.api.Test;

/** Whole searches with models whose mistakes are known. */
class SortingSearchTest {
  private static final Problem PROBLEM = new SortingTask(64).generate(0);

  private static SearchResult search(int every, SearchStrategy strategy, ThoughtEvaluator by) {
    try (ScriptedDecoder decoder = ScriptedSorter.decoder(every)) {
      SearchResult result =
          new SearchDriver(decoder).run(SearchRequest.of(PROBLEM, strategy).withEvaluator(by));
      assertThat(decoder.nodeCount()).isZero();
      return result;
    }
  }

  private static TotBfs tot(int width, double resample) {
    return new TotBfs(
        new TotBfs.Config(width, 0, 2, 5, .7, TotBfs.Generate.SAMPLE, true, resample));
  }

  @Test
  void oneLevelIsEnoughWhenASampleIsRight() {
    SearchResult result = search(4, tot(5, .5), new Checker());
    assertThat(result.solved()).isTrue();
    assertThat(result.answer()).contains(((SortingProblem) PROBLEM).digits().sorted().toString());
    assertThat(result.stopped()).isEqualTo(StopReason.SOLVED);
    assertThat(result.tree().depth()).isEqualTo(1);
    assertThat(result.tree().maxWidth()).isEqualTo(5);
    assertThat(result.tokens().decoded()).isEqualTo(5 * 65);
    assertThat(result.tokens().prefilled())
        .as("the list is computed once, for all samples")
        .isEqualTo(2 + 64 + 1);
  }

  @Test
  void improvementsContinueTheAttempt() {
    // Streams 1 to 3 have 1 to 3 wrong digits; none is right, and one repair is needed.
    SearchResult result = search(1000, tot(3, 0), new Checker());
    assertThat(result.solved()).isTrue();
    assertThat(result.tree().depth()).isEqualTo(2);
    assertThat(result.best().stream().map(Thought::stage)).containsExactly("", "solve", "improve");
  }

  @Test
  void theJudgeAloneFindsItToo() {
    SearchResult result = search(1000, tot(3, 0), new Judge());
    assertThat(result.solved()).isTrue();
    assertThat(result.stopped()).isEqualTo(StopReason.SOLVED);
    assertThat(result.score().orElseThrow().source()).isEqualTo("judge");
    assertThat(result.score().orElseThrow().value()).isGreaterThan(.9);
    assertThat(result.tokens().evaluator()).as("a judge samples nothing").isZero();
  }

  @Test
  void greedyIsAsWrongAsItsStream() {
    SearchResult result = search(4, new Greedy(), new Checker());
    assertThat(result.solved()).isFalse();
    assertThat(result.grade().error()).isPositive();
    assertThat(result.stopped()).isEqualTo(StopReason.FINISHED);
  }

  @Test
  void modelsOfTextSortByExamples() {
    ScriptedCodec codec = new ScriptedCodec("<|end|>");
    List<String> prompts = new ArrayList<>();
    ScriptedModel writes =
        ScriptedModel.canned(
            codec,
            (prompt, stream) -> {
              prompts.add(prompt);
              return prompt.contains("Right output:") ? " [1, 2, 3]\n" : " [1, 3, 2]\n";
            });
    try (ScriptedDecoder decoder = new ScriptedDecoder(codec, writes)) {
      SearchResult result =
          new SearchDriver(decoder)
              .run(
                  SearchRequest.of(new SortingTask(1).parse("[3, 1, 2]"), tot(3, .5))
                      .withEvaluator(new Checker()));
      assertThat(result.answer()).contains("[1, 2, 3]");
      assertThat(prompts.getFirst()).endsWith("Input: [3, 1, 2]\nOutput:");
      assertThat(prompts.getLast()).contains("Output: [1, 3, 2]\n\nThe output above has");
    }
  }

  @Test
  void modelsOfTextVote() {
    ScriptedCodec codec = new ScriptedCodec();
    ScriptedModel writes =
        ScriptedModel.canned(
            codec,
            (prompt, stream) ->
                // Not a sample but the vote: it is for the candidate called B.
                stream < 0 ? "B" : stream == 1 ? " [3, 2, 1]" : " [1, 2, 3]");
    try (ScriptedDecoder decoder = new ScriptedDecoder(codec, writes)) {
      SearchResult result =
          new SearchDriver(decoder)
              .run(
                  SearchRequest.of(
                          new SortingTask(1).parse("[3, 1, 2]"),
                          new TotBfs(
                              new TotBfs.Config(4, 0, 1, 1, 1, TotBfs.Generate.SAMPLE, false, 0)))
                      .withEvaluator(new Vote()));
      assertThat(result.answer()).contains("[1, 2, 3]");
      assertThat(result.score().orElseThrow().value()).isEqualTo(1);
    }
  }

  @Test
  void theLayoutOfTrainedModelsIsExact() {
    SortingProblem problem = (SortingProblem) new SortingTask(1).parse("[3,1,0,2,5,4]");
    PromptLayout layout = problem.layout(ScriptedSorter.CODEC);
    assertThat(spell(layout.root())).isEqualTo("<|bos|><|list|>310254");
    DigitTokens tokens = DigitTokens.of(ScriptedSorter.CODEC).orElseThrow();
    assertThat(spell(tokens.merge(Digits.parse("[0,1,3,4]"), Digits.parse("[2,2,5,9]"))))
        .isEqualTo("<|bos|><|list|>0134<|sep|>2259<|merge|>");
    assertThat(spell(tokens.split(problem.digits()))).isEqualTo("<|bos|><|list|>310254<|split|>");
  }

  private static String spell(List<Integer> tokens) {
    return ScriptedSorter.CODEC.spell(tokens.stream().mapToInt(Integer::intValue).toArray());
  }

  private static List<Integer> tokens(String text) {
    return Arrays.stream(ScriptedSorter.CODEC.encodePrompt(text, false)).boxed().toList();
  }

  @Test
  void answersAreReadStrictly() {
    DigitTokens t = DigitTokens.of(ScriptedSorter.CODEC).orElseThrow();
    assertThat(t.answer(tokens("0012<|end|>"))).contains(Digits.parse("[0,0,1,2]"));
    for (String bad :
        List.of("", "0012", "00 12<|end|>", "0<|sep|>1<|end|>", "0<|yes|><|end|>", "1<|end|>2")) {
      assertThat(t.answer(tokens(bad))).as(bad).isEmpty();
    }
    assertThat(t.halves(tokens("310<|sep|>254<|end|>")))
        .contains(List.of(Digits.parse("[3,1,0]"), Digits.parse("[2,5,4]")));
    for (String bad :
        List.of("310<|end|>", "3<|sep|>1<|sep|>2<|end|>", "<|sep|>1<|end|>", "1<|sep|>2")) {
      assertThat(t.halves(tokens(bad))).as(bad).isEmpty();
    }
    assertThat(DigitTokens.of(new ScriptedCodec("<|solve|>"))).isEqualTo(Optional.empty());
  }
}

package org.deft4j.tasks.keywords;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.deft4j.tasks.tagged.Vocabularies.TEXT;
import static org.deft4j.tasks.tagged.Vocabularies.root;
import static org.deft4j.tasks.tagged.Vocabularies.spell;
import static org.deft4j.tasks.tagged.Vocabularies.tokens;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.driver.SearchDriver;
import org.deft4j.search.driver.SearchRequest;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.driver.StopReason;
import org.deft4j.search.evaluate.Judge;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.ProblemTooLargeException;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Task;
import org.deft4j.search.strategy.TotBfs;
import org.deft4j.tasks.tagged.Vocabularies;
import org.deft4j.testing.ScriptedDecoder;
import org.deft4j.testing.ScriptedModel;
import org.deft4j.tree.decode.FinishReason;
import org.junit.jupiter.api.Test;

/** Keyword counting by tags: exact prompts, strict reading, and a search that its judge leads. */
class CountLayoutTest {
  private static final Task TASK = new KeywordCountingTask.Factory().create(Options.none());
  private static final String TEXT_OF_PROBLEM =
      "From Norway to Sweden and back to Norway by way of South Korea.";
  private static final Problem PROBLEM = TASK.parse(TEXT_OF_PROBLEM);
  private static final String RIGHT =
      " Norway, Sweden, Norway, South Korea<|answer|> Norway 2, Sweden 1, South Korea 1<|end|>";

  private static ThoughtState read(String written) {
    return PROBLEM
        .layout(TEXT)
        .read(List.of(root(PROBLEM)), "solve", tokens(written), "", FinishReason.STOP_TOKEN);
  }

  @Test
  void promptsAreTheOnesOfTheTraining() {
    PromptLayout layout = PROBLEM.layout(TEXT);
    assertThat(spell(layout.root())).isEqualTo("<|bos|><|count|>" + TEXT_OF_PROBLEM);
    assertThat(spell(layout.next(List.of(root(PROBLEM))).orElseThrow().prompt()))
        .isEqualTo("<|solve|>");
    Thought one = Vocabularies.thought("solve", RIGHT, read(RIGHT));
    String wrong = " Sweden, Norway<|answer|> Sweden 1, Atlantis 3, Norway 1<|end|>";
    Thought two = Vocabularies.thought("solve", wrong, read(wrong));
    assertThat(
            spell(
                layout
                    .merge(
                        List.of(root(PROBLEM)),
                        List.of(List.of(root(PROBLEM), one), List.of(root(PROBLEM), two)))
                    .orElseThrow()
                    .prompt()))
        .as("counts alone, in the order of their mention")
        .isEqualTo(
            "<|merge|> Norway 2, Sweden 1, South Korea 1<|sep|> Sweden 1, Norway 1<|solve|>");
  }

  @Test
  void theAnswerIsTheCountsOfTheNamesThatAreAskedFor() {
    assertThat(read(RIGHT))
        .isEqualTo(new ThoughtState.Answer("{\"Norway\": 2, \"South Korea\": 1, \"Sweden\": 1}"));
    assertThat(PROBLEM.grade(Optional.of(read(RIGHT).text())).solved()).isTrue();
    assertThat(read(" Norway<|answer|> Norway 1, Atlantis 4<|end|>"))
        .isEqualTo(new ThoughtState.Answer("{\"Norway\": 1}"));
    assertThat(read("<|answer|><|end|>")).isEqualTo(new ThoughtState.Answer("{}"));
    assertThat(read(" Peru, Peru<|answer|> Peru 9<|end|>"))
        .as("the counts, whatever was listed")
        .isEqualTo(new ThoughtState.Answer("{\"Peru\": 9}"));
  }

  @Test
  void whatCannotBeReadIsADeadEnd() {
    for (String bad :
        List.of(
            "",
            " Norway 1<|end|>",
            " Norway<|answer|> Norway 1",
            "<|answer|> Norway<|end|>",
            "<|answer|><|answer|> Norway 1<|end|>",
            "<|answer|> Norway 1, Norway 2<|end|>",
            "<|answer|> Norway 1,<|end|>",
            "<|answer|> 1<|end|>",
            "<|answer|> Norway -1<|end|>",
            "<|answer|> Norway 12345678<|end|>")) {
      assertThat(read(bad)).as(bad).isInstanceOf(ThoughtState.Dead.class);
    }
  }

  @Test
  void aTextThatDoesNotFitIsAnErrorOfItsOwn() {
    Problem large = TASK.parse("Norway. ".repeat(320));
    assertThatThrownBy(() -> large.layout(TEXT))
        .isInstanceOf(ProblemTooLargeException.class)
        .hasMessage(
            "the text: 2,559 tokens, and this model takes at most 2,500: take less of it, or"
                + " another model with --model");
    assertThat(TASK.parse("x".repeat(2495) + " Peru").layout(TEXT).root())
        .as("2,500 fit, and two tags before them")
        .hasSize(2502);
    assertThat(TASK.parse("Norway. ".repeat(300)).layout(TEXT).root()).hasSize(2401);
  }

  @Test
  void anAnswerIsImprovedOnlyWhereThereIsRoom() {
    Problem long_ = TASK.parse("Norway. ".repeat(300));
    PromptLayout layout = long_.layout(TEXT);
    Thought fits = thoughtOf(700);
    Thought large = thoughtOf(900);
    assertThat(layout.next(List.of(root(long_), fits)).orElseThrow().maxTokens())
        .as("what the context has left")
        .isEqualTo(4096 - 2401 - 1 - 701 - 1 - 1 + 1);
    assertThat(layout.next(List.of(root(long_), large))).isEmpty();
  }

  private static Thought thoughtOf(int length) {
    String counts = "<|answer|> Norway 1<|end|>";
    String written = "x".repeat(length - tokens(counts).size() + 1) + counts;
    return Vocabularies.thought("solve", written, read(written));
  }

  @Test
  void theJudgeLeadsASearchThatNoProgramChecks() {
    assertThat(TASK.defaultEvaluator()).isEqualTo("judge");
    ScriptedModel writes =
        ScriptedModel.canned(
            TEXT,
            (prompt, stream) ->
                prompt.endsWith("<|improve|>")
                    ? RIGHT
                    : " Norway<|answer|> Norway %d<|end|>".formatted(stream));
    try (ScriptedDecoder decoder =
        new ScriptedDecoder(
            TEXT,
            (path, from, stream) -> {
              if (path[path.length - 1] != TEXT.id("<|judge|>").orElseThrow()) {
                return writes.logProbs(path, from, stream);
              }
              double yes = TEXT.spell(path).endsWith(RIGHT + "<|judge|>") ? .97 : .3;
              return ScriptedModel.weighted(
                  TEXT.vocabularySize(),
                  Map.of(
                      TEXT.id("<|yes|>").orElseThrow(),
                      yes,
                      TEXT.id("<|no|>").orElseThrow(),
                      1 - yes));
            })) {
      SearchResult result =
          new SearchDriver(decoder)
              .run(
                  SearchRequest.of(
                          PROBLEM,
                          new TotBfs(
                              new TotBfs.Config(3, 0, 1, 4, .7, TotBfs.Generate.SAMPLE, true, 0)))
                      .withEvaluator(new Judge()));
      assertThat(result.solved()).isTrue();
      assertThat(result.stopped()).isEqualTo(StopReason.SOLVED);
      assertThat(result.tree().depth()).isEqualTo(2);
    }
  }
}

package org.deft4j.tasks.question;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.driver.SearchDriver;
import org.deft4j.search.driver.SearchRequest;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.evaluate.Judge;
import org.deft4j.search.evaluate.Vote;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Task;
import org.deft4j.search.strategy.SelfConsistency;
import org.deft4j.search.strategy.TotBfs;
import org.deft4j.search.testing.AbstractTaskContractTest;
import org.deft4j.testing.ScriptedCodec;
import org.deft4j.testing.ScriptedDecoder;
import org.deft4j.testing.ScriptedModel;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.TokenCodec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuestionTaskTest extends AbstractTaskContractTest {
  private static final ScriptedCodec PLAIN = new ScriptedCodec("<|bos|>", "<|end|>");

  @TempDir Path folder;

  @Override
  protected Task task() {
    return new QuestionTask.Factory().create(Options.none());
  }

  @Override
  protected List<TokenCodec> codecs() {
    return List.of(PLAIN, new ScriptedCodec());
  }

  @Override
  protected String solve(Problem problem) {
    return ((QuestionProblem) problem).reference().orElseThrow();
  }

  @Override
  protected List<String> junk() {
    return List.of("", " \n ");
  }

  @ParameterizedTest
  @CsvSource({
    "72, 72, true",
    "72, '72 clips.', true",
    "'1,200', '$1200.00', true",
    "72, '7.2', false",
    "72, '72 or 73', false",
    "Paris, ' paris. ', true",
    "Paris, 'Paris, France', false"
  })
  void answersAreComparedAsTheyAreMeant(String reference, String answer, boolean right)
      throws IOException {
    Path file =
        Files.writeString(folder.resolve("q.csv"), "question,answer\nQ,\"" + reference + "\"\n");
    Problem p = task().read(file, 1).getFirst();
    assertThat(p.grade(Optional.of(answer)).solved()).isEqualTo(right);
  }

  @Test
  void ownQuestionsAreNotGraded() {
    Problem p = task().parse("Why is the sky blue?");
    assertThat(p.grade(Optional.of("It scatters.")).graded()).isFalse();
    assertThat(p.grade(Optional.empty()).error()).isEqualTo(1);
    assertThat(p.verify("x")).isEmpty();
  }

  private static SearchResult search(SearchRequest request, ScriptedModel.Canned words) {
    try (ScriptedDecoder decoder = new ScriptedDecoder(PLAIN, ScriptedModel.canned(PLAIN, words))) {
      return new SearchDriver(decoder).run(request);
    }
  }

  @Test
  void thoughtsAreParagraphsAndTheAnswerIsALine() {
    SearchResult r =
        search(
            SearchRequest.of(task().parse("How many?"), new SelfConsistency()),
            (prompt, stream) ->
                prompt.endsWith("How many?\n\n")
                    ? "First thought " + stream % 3 + ".\n\nnever reached"
                    : prompt.endsWith("2.\n\n") ? "Answer: 8\n\n" : "So.\n**Answer: 7.**\n\n");
    assertThat(r.answer()).as("two of three streams say so").contains("7");
    assertThat(r.best().stream().map(Thought::stage)).containsExactly("", "think", "more");
    assertThat(r.best().get(1).text()).startsWith("First thought").endsWith("\n\n");
  }

  @Test
  void whoComesToNoAnswerIsAskedForIt() {
    Task task = new QuestionTask.Factory().create(Options.none().with("steps", "2"));
    List<String> prompts = new ArrayList<>();
    SearchResult r =
        search(
            SearchRequest.of(task.parse("How many?"), new SelfConsistency()),
            (prompt, stream) -> {
              prompts.add(prompt);
              return prompt.endsWith("Answer:") ? " seven.\n" : "Hm.\n\n";
            });
    assertThat(r.answer()).contains("seven");
    assertThat(r.best().stream().map(Thought::stage))
        .containsExactly("", "think", "more", "answer");
  }

  @Test
  void aModelThatEndsItsTurnIsAskedAtOnce() {
    SearchResult r =
        search(
            SearchRequest.of(task().parse("How many?"), new SelfConsistency()),
            (prompt, _) -> prompt.endsWith("Answer:") ? " 7\n" : "It is seven.");
    assertThat(r.answer()).contains("7");
    assertThat(r.best().stream().map(Thought::stage)).containsExactly("", "think", "answer");
  }

  @Test
  void thoughtsAreJudgedAndVotedOn() {
    ScriptedModel.Canned words =
        (prompt, stream) -> {
          if (stream < 0) {
            // The judge likes thoughts of good, the vote the candidate that says so.
            return prompt.contains("The best thought is")
                ? "" + prompt.charAt(prompt.lastIndexOf(": good") - 1)
                : prompt.contains("good") ? "Yes" : "No";
          }
          boolean begin = prompt.endsWith("Which?\n\n");
          return begin
              ? (stream % 2 == 0 ? "good\n\n" : "bad\n\n")
              : prompt.endsWith("good\n\n") ? "Answer: right good\n\n" : "Answer: wrong\n\n";
        };
    TotBfs.Config config = new TotBfs.Config(4, 0, 1, 2, 1, TotBfs.Generate.SAMPLE, false, 0);
    Problem problem = task().parse("Which?");
    assertThat(
            search(SearchRequest.of(problem, new TotBfs(config)).withEvaluator(new Judge()), words)
                .answer())
        .contains("right good");
    assertThat(
            search(SearchRequest.of(problem, new TotBfs(config)).withEvaluator(new Vote()), words)
                .answer())
        .contains("right good");
  }

  @Test
  void readsLinesOfJsonAsThoseOfGsm8k() throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("test.jsonl"),
            """
            {"question": "How many \\"clips\\"?", "answer": "She sold 48+24 = 72.\\n#### 72"}

            {"question": "Why?", "id": "b"}
            """);
    List<Problem> problems = task().read(file, 9);
    assertThat(problems).hasSize(2);
    assertThat(problems.get(0).text()).isEqualTo("How many \"clips\"?");
    assertThat(problems.get(0).grade(Optional.of("72")).solved()).isTrue();
    assertThat(problems.get(1).id()).isEqualTo("b");
    Path bad =
        Files.writeString(folder.resolve("bad.jsonl"), "{\"question\": \"a\"}\n{\"q\": 1}\n");
    assertThatThrownBy(() -> task().read(bad, 9))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("line 2 has no text \"question\"");
  }
}

package org.deft4j.tasks.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Question;
import org.deft4j.tasks.sorting.SortingTask;
import org.deft4j.testing.ScriptedCodec;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.FinishReason;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prompts as files, and the turns of chat models, shown on the task of sorting. */
class PromptsTest {
  private static final ScriptedCodec PLAIN = new ScriptedCodec("<|bos|>", "<|end|>");
  private static final ScriptedCodec CHAT =
      new ScriptedCodec("<|bos|>", "<|im_start|>", "<|im_end|>");

  @TempDir Path folder;
  private Path own = Path.of("");

  @BeforeEach
  void folder() throws IOException {
    own = Files.createDirectories(folder.resolve("sorting"));
  }

  private PromptLayout layout(ScriptedCodec codec, Options options) {
    return new SortingTask.Factory().create(options).parse("[2, 1]").layout(codec);
  }

  private Options mine() {
    return Options.none().with("prompts", folder.toString());
  }

  private static Thought root() {
    return new Thought(
        0, -1, 0, "", "", new ThoughtState.Partial(""), 0, 0, true, Optional.empty());
  }

  private static Thought answer(String text) {
    return new Thought(
        1, 0, 1, "solve", text, new ThoughtState.Answer("[2, 1]"), 3, 0, true, Optional.empty());
  }

  private static String spell(ScriptedCodec codec, List<Integer> tokens) {
    return codec.spell(tokens.stream().mapToInt(Integer::intValue).toArray());
  }

  @Test
  void aFileReplacesTheWordsOfItsStageAlone() throws IOException {
    Files.writeString(own.resolve("root.txt"), "Sort {problem} {\"not\": \"a field\"}!\n");
    PromptLayout layout = layout(PLAIN, mine());
    assertThat(spell(PLAIN, layout.root())).isEqualTo("<|bos|>Sort [2, 1] {\"not\": \"a field\"}!");
    assertThat(spell(PLAIN, layout.next(List.of(root())).orElseThrow().prompt()))
        .as("the built-in words")
        .isEqualTo("\nOutput:");
  }

  @Test
  void mistakesInFilesAreNamed() throws IOException {
    bad("there is no folder", folder.resolve("none").toString());
    bad("has no .txt file", folder.toString());
    Path file = Files.writeString(own.resolve("root.txt"), "Sort it!");
    bad("has no {problem}", folder.toString());
    Files.writeString(file, "Sort {problem} in {tempo}");
    bad("has {tempo}; fields are answer, candidates, feedback, problem", folder.toString());
    Files.delete(file);
    Files.writeString(own.resolve("solv.txt"), "x");
    bad(
        "is no stage of sorting; it has root, solve, improve, join, judge, vote",
        folder.toString());
  }

  private void bad(String message, String path) {
    assertThatThrownBy(() -> new SortingTask.Factory().create(Options.none().with("prompts", path)))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining(message)
        .satisfies(e -> assertThat(((DeftException) e).exitCode()).isEqualTo(2));
  }

  @Test
  void valuesAreNotFilledAgain() {
    Prompts prompts = Prompts.of(Map.of("root", "{problem} {other}"));
    assertThat(prompts.fill("root", Map.of("problem", "{other} $1", "other", "x")))
        .isEqualTo("{other} $1 x");
  }

  @Test
  void chatModelsSeeTurns() {
    PromptLayout layout = layout(CHAT, Options.none());
    assertThat(spell(CHAT, layout.root()))
        .startsWith("<|bos|><|im_start|>user\nSort the list")
        .endsWith("Input: [2, 1]");
    var solve = layout.next(List.of(root())).orElseThrow();
    assertThat(spell(CHAT, solve.prompt()))
        .isEqualTo("\nOutput:<|im_end|>\n<|im_start|>assistant\n");
    assertThat(solve.stopTokens()).containsExactly(CHAT.id("<|im_end|>").orElseThrow());
  }

  @Test
  void aTurnIsClosedOnceAndOnItsOwnBranchOnly() {
    PromptLayout layout = layout(CHAT, Options.none());
    // The stop string ended the first; the second was ended by the model itself.
    Question open = layout.judge(List.of(root(), answer("[2, 1]"))).orElseThrow();
    Question closed = layout.judge(List.of(root(), answer("2, 1"))).orElseThrow();
    assertThat(spell(CHAT, open.prompt())).startsWith("<|im_end|>\n<|im_start|>user\n\n\nIs the");
    assertThat(spell(CHAT, closed.prompt())).startsWith("<|im_start|>user\n\n\nIs the");
    assertThat(spell(CHAT, open.prompt())).endsWith("<|im_end|>\n<|im_start|>assistant\n");
    assertThat(open.answers()).as("a turn begins without a space").containsExactly(89, 78);
  }

  @Test
  void attemptsAreJoinedBelowTheSharedPrompt() {
    PromptLayout layout = layout(PLAIN, Options.none());
    List<Thought> branch = List.of(root(), answer("[2, 1]"));
    var join = layout.merge(List.of(root()), List.of(branch, branch)).orElseThrow();
    assertThat(spell(PLAIN, join.prompt()))
        .contains("A: [2, 1]\nB: [2, 1]\n")
        .endsWith("Output:")
        .doesNotContain("Sort the list");
    assertThat(layout.merge(List.of(root()), List.of(branch))).isEmpty();
    assertThat(layout.read(List.of(root()), "join", List.of(), " [1, 2]", FinishReason.STOP_STRING))
        .isEqualTo(new ThoughtState.Answer("[1, 2]"));
  }

  @Test
  void stepsAreRatedInWords() {
    PromptLayout layout =
        new org.deft4j.tasks.game24.Game24Task.Factory()
            .create(Options.none())
            .parse("4 4 6 8")
            .layout(CHAT);
    Thought step =
        new Thought(
            1,
            0,
            1,
            "step",
            " 4 + 8 = 12\n",
            new ThoughtState.Partial("4 6 12"),
            9,
            0,
            true,
            Optional.empty());
    PromptLayout.Rating rating = layout.rate(List.of(root(), step)).orElseThrow();
    assertThat(spell(CHAT, rating.stage().prompt()))
        .startsWith("<|im_end|>\n<|im_start|>user\n\nNumbers left: 4 6 12\n")
        .endsWith("<|im_start|>assistant\n");
    assertThat(rating.labels()).containsEntry("sure", 1.0).containsEntry("impossible", 0.0);
    assertThat(layout.rate(List.of(root()))).isEmpty();
  }

  @Test
  void whatAUserWroteIsNeverASpecialToken() throws IOException {
    Files.writeString(own.resolve("root.txt"), "<|im_end|>{problem}");
    int end = CHAT.id("<|im_end|>").orElseThrow();
    assertThat(layout(CHAT, mine()).root()).doesNotContain(end);
  }

  @Test
  void formsAreChosenByVocabularyOrByName() {
    assertThat(ChatForm.of("auto", PLAIN)).isEmpty();
    assertThat(ChatForm.of("auto", CHAT).orElseThrow().name()).isEqualTo("chatml");
    assertThat(ChatForm.of("none", CHAT)).isEmpty();
    ScriptedCodec llama =
        new ScriptedCodec("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>");
    assertThat(ChatForm.of("auto", llama).orElseThrow().name()).isEqualTo("llama3");
    assertThatThrownBy(() -> ChatForm.of("llama3", CHAT)).hasMessageContaining("vocabulary has no");
    assertThatThrownBy(() -> ChatForm.of("alpaca", CHAT)).hasMessageContaining("chatml, llama3");
  }

  @Test
  void aModelTrainedForOtherTasksIsRefused() {
    var mini = new ScriptedCodec("<|solve|>", "<|improve|>", "<|end|>");
    var task = new org.deft4j.tasks.game24.Game24Task.Factory().create(Options.none());
    assertThatThrownBy(() -> task.generate(0).layout(mini))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("no words for task game-of-24");
  }

  @Test
  void aVocabularyWithoutWordsIsRefused() {
    ScriptedCodec digits = new ScriptedCodec("<|end|>");
    var onlyDigits =
        new org.deft4j.tree.decode.TokenCodec() {
          @Override
          public int vocabularySize() {
            return 10;
          }

          @Override
          public int[] encode(String text) {
            return text.chars().filter(Character::isDigit).map(c -> c - '0').toArray();
          }

          @Override
          public int[] encodePrompt(String text, boolean addSpecial) {
            return encode(text);
          }

          @Override
          public String decode(int... tokens) {
            return String.join("", Arrays.stream(tokens).mapToObj(t -> "" + t).toList());
          }

          @Override
          public byte[] bytes(int token) {
            return digits.bytes('0' + token);
          }

          @Override
          public java.util.OptionalInt id(String token) {
            return java.util.OptionalInt.empty();
          }

          @Override
          public java.util.OptionalInt beginOfSequence() {
            return java.util.OptionalInt.empty();
          }

          @Override
          public java.util.OptionalInt endOfSequence() {
            return java.util.OptionalInt.empty();
          }

          @Override
          public TextStream stream() {
            return digits.stream();
          }
        };
    assertThatThrownBy(() -> new SortingTask(1).parse("[2, 1]").layout(onlyDigits))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("has no words for task sorting")
        .hasMessageContaining("--model");
  }
}

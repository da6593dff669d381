package org.deft4j.tasks.sets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.deft4j.tasks.tagged.Vocabularies.TEXT;
import static org.deft4j.tasks.tagged.Vocabularies.root;
import static org.deft4j.tasks.tagged.Vocabularies.spell;
import static org.deft4j.tasks.tagged.Vocabularies.tokens;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.driver.SearchDriver;
import org.deft4j.search.driver.SearchRequest;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.evaluate.Checker;
import org.deft4j.search.evaluate.Judge;
import org.deft4j.search.evaluate.ThoughtEvaluator;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.ProblemTooLargeException;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Stage;
import org.deft4j.search.spi.Task;
import org.deft4j.search.strategy.Graph;
import org.deft4j.search.strategy.GraphPlan;
import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.search.strategy.TotBfs;
import org.deft4j.tasks.tagged.Vocabularies;
import org.deft4j.testing.ScriptedDecoder;
import org.deft4j.testing.ScriptedModel;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.FinishReason;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Set intersection by tags: exact prompts, strict reading, and searches whose mistakes are known.
 */
class IntersectionLayoutTest {
  private static final Task TASK = new SetIntersectionTask.Factory().create(Options.none());
  private static final Problem SMALL = TASK.parse("[137, 42, 7] [9, 42, 137]");

  private static ThoughtState read(String written) {
    return SMALL
        .layout(TEXT)
        .read(List.of(root(SMALL)), "solve", tokens(written), "", FinishReason.STOP_TOKEN);
  }

  @Test
  void promptsAreTheOnesOfTheTraining() {
    PromptLayout layout = SMALL.layout(TEXT);
    assertThat(spell(layout.root())).isEqualTo("<|bos|><|intersect|>137 42 7<|sep|>9 42 137");
    Stage solve = layout.next(List.of(root(SMALL))).orElseThrow();
    assertThat(spell(solve.prompt())).isEqualTo("<|solve|>");
    assertThat(spell(solve.stopTokens())).isEqualTo("<|end|>");
    assertThat(solve.maxTokens()).isBetween("9 42 137".length() + 1, 40);
    Thought first = Vocabularies.thought("solve", "42 137<|end|>", read("42 137<|end|>"));
    assertThat(spell(layout.next(List.of(root(SMALL), first)).orElseThrow().prompt()))
        .isEqualTo("<|improve|>");
    assertThat(spell(layout.judge(List.of(root(SMALL), first)).orElseThrow().prompt()))
        .isEqualTo("<|judge|>");
    Thought second = Vocabularies.thought("solve", "<|end|>", read("<|end|>"));
    List<List<Thought>> both = List.of(List.of(root(SMALL), first), List.of(root(SMALL), second));
    // As the model wrote them, in the order of the second set.
    assertThat(spell(layout.merge(List.of(root(SMALL)), both).orElseThrow().prompt()))
        .isEqualTo("<|merge|>42 137<|sep|><|solve|>");
  }

  @Test
  void threeImprovementsInARowAreTheMost() {
    PromptLayout layout = SMALL.layout(TEXT);
    List<Thought> path = new ArrayList<>(List.of(root(SMALL)));
    for (String stage : List.of("solve", "improve", "improve", "improve")) {
      assertThat(layout.next(path).orElseThrow().name()).isEqualTo(stage);
      path.add(Vocabularies.thought(stage, "42<|end|>", read("42<|end|>")));
    }
    assertThat(layout.next(path)).isEmpty();
    assertThat(layout.judge(path)).isPresent();
  }

  @Test
  void answersAreReadStrictly() {
    assertThat(read("137 42<|end|>")).isEqualTo(new ThoughtState.Answer("[42, 137]"));
    assertThat(read("42 137<|end|>")).as("the same set").isEqualTo(read("137 42<|end|>"));
    assertThat(read("<|end|>")).isEqualTo(new ThoughtState.Answer("[]"));
    assertThat(read("42 42<|end|>")).as("graded").isEqualTo(new ThoughtState.Answer("[42, 42]"));
    for (String bad :
        List.of(
            "",
            "42",
            "42 <|end|>",
            " 42<|end|>",
            "4,2<|end|>",
            "42  7<|end|>",
            "x<|end|>",
            "42<|sep|>7<|end|>",
            "42<|end|>7",
            "<|yes|>42",
            "99999999999<|end|>",
            "-4<|end|>")) {
      assertThat(read(bad)).as(bad).isInstanceOf(ThoughtState.Dead.class);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"[1, 2] [2, 256]", "[-1] [1]", "[1000, 5] [5]"})
  void numbersThatTheModelDoesNotKnowAreNamed(String sets) {
    Problem problem = TASK.parse(sets);
    assertThatThrownBy(() -> problem.layout(TEXT))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("numbers 0 to 255, not ")
        .hasMessageContaining("--model");
  }

  @Test
  void joinsTwoToFourAnswersToTheProblem() {
    PromptLayout layout = SMALL.layout(TEXT);
    Thought t = Vocabularies.thought("solve", "42<|end|>", read("42<|end|>"));
    List<Thought> branch = List.of(root(SMALL), t);
    List<Thought> above = List.of(root(SMALL));
    for (int n : new int[] {2, 3, 4}) {
      assertThat(layout.merge(above, IntStream.range(0, n).mapToObj(_ -> branch).toList()))
          .isPresent();
    }
    for (int n : new int[] {1, 5}) {
      assertThatThrownBy(
              () -> layout.merge(above, IntStream.range(0, n).mapToObj(_ -> branch).toList()))
          .hasMessage(
              "this model joins 2 to 4 answers, was given %d: keep fewer before aggregate", n);
    }
    assertThatThrownBy(() -> layout.merge(branch, List.of(branch, branch)))
        .hasMessageContaining("not several improvements of one answer");
  }

  @Test
  void modelsOfSortingAloneAreRefused() {
    assertThatThrownBy(() -> SMALL.layout(Vocabularies.DIGITS))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("--model FILE");
  }

  @Test
  void setsThatDoNotFitAreAnErrorOfTheirOwn() {
    // A token is a byte here, so that 255 numbers are as long as real ones never are.
    List<Integer> all = IntStream.rangeClosed(0, 255).boxed().toList();
    List<Integer> twice = new ArrayList<>(all);
    SetIntersectionProblem large =
        new SetIntersectionProblem("x", all, twice, ((SetIntersectionProblem) SMALL).wording());
    assertThat(large.layout(TEXT).root()).hasSizeBetween(1500, 2500);
    List<Integer> more = new ArrayList<>();
    for (int i = 0; i < 700; i++) {
      more.add(i % 256);
    }
    SetIntersectionProblem larger =
        new SetIntersectionProblem("x", more, all, ((SetIntersectionProblem) SMALL).wording());
    assertThatThrownBy(() -> larger.layout(TEXT))
        .isInstanceOf(ProblemTooLargeException.class)
        .hasMessageContaining("the two sets: ")
        .hasMessageContaining("at most 2,500");
  }

  // --- searches

  /** Forgets as many numbers as its stream's remainder; improving finds one, joining takes all. */
  private static ScriptedDecoder decoder(int every) {
    ScriptedModel writes =
        ScriptedModel.canned(TEXT, (prompt, stream) -> write(prompt, stream, every) + "<|end|>");
    return new ScriptedDecoder(
        TEXT,
        (path, from, stream) -> {
          if (path[path.length - 1] == TEXT.id("<|judge|>").orElseThrow()) {
            String prompt = TEXT.spell(path);
            boolean right = lastAttempt(prompt).equals(right(prompt));
            return ScriptedModel.weighted(
                TEXT.vocabularySize(),
                Map.of(
                    TEXT.id("<|yes|>").orElseThrow(),
                    right ? .95 : .1,
                    TEXT.id("<|no|>").orElseThrow(),
                    right ? .05 : .9));
          }
          return writes.logProbs(path, from, stream);
        });
  }

  private static String write(String prompt, long stream, int every) {
    List<String> right = words(right(prompt));
    int joined = prompt.indexOf("<|merge|>");
    if (joined >= 0 && prompt.endsWith("<|solve|>")) {
      String inside = prompt.substring(joined + 9, prompt.length() - 9);
      Set<String> named = new LinkedHashSet<>();
      for (String attempt : inside.split("<\\|sep\\|>", -1)) {
        named.addAll(words(attempt));
      }
      return right.stream().filter(named::contains).collect(Collectors.joining(" "));
    }
    int from = (int) Math.floorMod(stream, (long) every);
    if (prompt.endsWith("<|improve|>")) {
      from = Math.max(0, right.size() - words(lastAttempt(prompt)).size() - 1);
      return String.join(" ", right.subList(from, right.size()));
    }
    // Even streams forget at the start, odd ones at the end.
    return String.join(
        " ",
        stream % 2 == 0
            ? right.subList(from, right.size())
            : right.subList(0, right.size() - from));
  }

  private static String right(String prompt) {
    String sets =
        prompt.substring("<|bos|><|intersect|>".length()).split("<\\|(?:solve|merge)", 2)[0];
    int sep = sets.indexOf("<|sep|>");
    List<String> first = words(sets.substring(0, sep));
    String second = sets.substring(sep + "<|sep|>".length());
    return words(second).stream().filter(first::contains).collect(Collectors.joining(" "));
  }

  private static List<String> words(String text) {
    return text.isEmpty() ? List.of() : Arrays.asList(text.split(" "));
  }

  private static String lastAttempt(String prompt) {
    String head = prompt.substring(0, prompt.lastIndexOf("<|end|>"));
    return head.substring(head.lastIndexOf("|>") + 2);
  }

  private static SearchResult search(int every, SearchStrategy strategy, ThoughtEvaluator by) {
    try (ScriptedDecoder decoder = decoder(every)) {
      return new SearchDriver(decoder)
          .run(SearchRequest.of(TASK.generate(3), strategy).withEvaluator(by));
    }
  }

  private static TotBfs tot(int width) {
    return new TotBfs(new TotBfs.Config(width, 0, 2, 5, .7, TotBfs.Generate.SAMPLE, false, 0));
  }

  @Test
  void improvementsContinueTheAttempt() {
    for (ThoughtEvaluator by : List.of(new Checker(), new Judge())) {
      // Streams 1 and 2 forget one and two numbers at opposite ends.
      SearchResult result = search(1000, tot(2), by);
      assertThat(result.solved()).as(by.name()).isTrue();
      assertThat(result.best().stream().map(Thought::stage))
          .containsExactly("", "solve", "improve");
      assertThat(result.score().orElseThrow().source()).isEqualTo(by.name());
    }
  }

  @Test
  void theSetsAreComputedOnce() {
    SearchResult result = search(1, tot(6), new Checker());
    assertThat(result.tree().depth()).isEqualTo(1);
    assertThat(result.tokens().prefilled())
        .isEqualTo(TASK.generate(3).layout(TEXT).root().size() + 1);
  }

  @Test
  void aGraphJoinsWhatNoAttemptHasAlone() {
    Graph graph =
        new Graph(new Graph.Config(GraphPlan.parse("generate:2; aggregate:1; keep:1"), 1, .7));
    SearchResult result = search(1000, graph, new Checker());
    assertThat(result.solved()).isTrue();
    assertThat(result.best().stream().map(Thought::stage)).containsExactly("", "merge");
  }
}

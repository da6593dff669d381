package org.deft4j.tasks.merging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.deft4j.tasks.tagged.Vocabularies.TEXT;
import static org.deft4j.tasks.tagged.Vocabularies.root;
import static org.deft4j.tasks.tagged.Vocabularies.spell;
import static org.deft4j.tasks.tagged.Vocabularies.tokens;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.driver.SearchDriver;
import org.deft4j.search.driver.SearchRequest;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.evaluate.Checker;
import org.deft4j.search.evaluate.Judge;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.ProblemTooLargeException;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Stage;
import org.deft4j.search.spi.Task;
import org.deft4j.search.strategy.BestOfN;
import org.deft4j.search.strategy.Greedy;
import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.search.strategy.TotBfs;
import org.deft4j.tasks.tagged.Vocabularies;
import org.deft4j.testing.ScriptedDecoder;
import org.deft4j.testing.ScriptedModel;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.constrain.TokenMasks;
import org.deft4j.tree.decode.FinishReason;
import org.junit.jupiter.api.Test;

/** Merging by tags: a thought for each document's part, or a whole merge. */
class PartLayoutTest {
  private static final List<String> DOCUMENTS =
      List.of(
          "1. The old bridge burned down. Nobody was hurt.",
          "Nobody was hurt there.\nTeachers demand higher wages!",
          "The harvest failed; wages fell.");
  private static final String ROOT =
      "<|bos|><|document|>The old bridge burned down.\nNobody was hurt."
          + "<|sep|>Nobody was hurt there.\nTeachers demand higher wages!"
          + "<|sep|>The harvest failed; wages fell.";

  private static Task task(String thoughts) {
    return new DocumentMergingTask.Factory().create(Options.none().with("thoughts", thoughts));
  }

  private static MergeProblem problem(String thoughts) {
    return (MergeProblem) task(thoughts).parse(DOCUMENTS).getFirst();
  }

  private static ThoughtState read(PromptLayout layout, List<Thought> path, String written) {
    Stage stage = layout.next(path).orElseThrow();
    return layout.read(path, stage.name(), tokens(written), "", FinishReason.STOP_TOKEN);
  }

  /** The path of parts that a model writes one after the other. */
  private static List<Thought> path(MergeProblem problem, String... parts) {
    PromptLayout layout = problem.layout(TEXT);
    List<Thought> path = new ArrayList<>(List.of(root(problem)));
    for (String part : parts) {
      ThoughtState state = read(layout, path, part);
      path.add(Vocabularies.thought(layout.next(path).orElseThrow().name(), part, state));
    }
    return path;
  }

  @Test
  void aThoughtIsWhatIsKeptOfOneDocument() {
    MergeProblem problem = problem("parts");
    PromptLayout layout = problem.layout(TEXT);
    assertThat(spell(layout.root())).isEqualTo(ROOT);
    List<Thought> path =
        path(
            problem,
            "The old bridge burned down.<|sep|>",
            "Nobody was hurt there.\nTeachers demand higher wages!<|sep|>",
            "The harvest failed; wages fell.<|end|>");
    List<String> prompts = new ArrayList<>();
    for (int i = 1; i < path.size(); i++) {
      prompts.add(spell(layout.next(path.subList(0, i)).orElseThrow().prompt()));
    }
    // Together the tokens of one whole answer.
    assertThat(prompts).containsExactly("<|solve|>", "", "");
    assertThat(path.get(1).state())
        .isEqualTo(new ThoughtState.Partial("The old bridge burned down.\n<<< next document >>>"));
    assertThat(path.getLast().answer())
        .contains(
            "The old bridge burned down.\nNobody was hurt there.\nTeachers demand higher wages!\n"
                + "The harvest failed; wages fell.");
    assertThat(problem.grade(path.getLast().answer()).solved()).isTrue();
    Stage improve = layout.next(path).orElseThrow();
    assertThat(improve.name()).isEqualTo("improve");
    assertThat(spell(improve.stopTokens())).as("written whole").isEqualTo("<|end|>");
  }

  @Test
  void aPartIsLinesOfItsDocumentInTheirOrder() {
    String quoted = "He said \"no\\yes\".";
    MergeProblem problem =
        (MergeProblem)
            task("parts")
                .parse(List.of("Owls sing.\n" + quoted + "\nÖtzi froze.", "An end."))
                .getFirst();
    PromptLayout layout = problem.layout(TEXT);
    Stage stage = layout.next(List.of(root(problem))).orElseThrow();
    TokenMasks masks =
        new TokenMasks(Objects.requireNonNull(stage.constraint()), new TokenMasks.Vocabulary(TEXT));
    for (String kept :
        List.of(
            "",
            "Owls sing.",
            "Ötzi froze.",
            "Owls sing.\nÖtzi froze.",
            "Owls sing.\n" + quoted + "\nÖtzi froze.")) {
      assertThat(mayEnd(masks, kept)).as(kept).isTrue();
      // Never without a token that may follow, so that it is the model that ends a part.
      assertThat(mayEnd(masks, kept + "\n")).as(kept).isTrue();
    }
    for (String other :
        List.of("Owls sing", "Owls sang.", "Ötzi froze.\nOwls sing.", "Owls sing. Ötzi froze.")) {
      assertThat(mayEnd(masks, other)).as(other).isFalse();
    }
    assertThat(
            problem("whole").layout(TEXT).next(List.of(root(problem))).orElseThrow().constraint())
        .isNull();
  }

  private static boolean mayEnd(TokenMasks masks, String text) {
    TokenMasks.Position position = masks.begin();
    for (int token : tokens(text)) {
      if (!position.allowed().get(token)) {
        return false;
      }
      position.accept(TEXT.bytes(token));
    }
    return position.mayEnd();
  }

  @Test
  void partsMayBeEmptyButNotAll() {
    MergeProblem problem = problem("parts");
    assertThat(path(problem, "<|sep|>", "<|sep|>", "A line.<|end|>").getLast().answer())
        .contains("A line.");
    assertThat(path(problem, "<|sep|>", "<|sep|>", "<|end|>").getLast().state())
        .isEqualTo(new ThoughtState.Dead("an empty merge"));
  }

  @Test
  void partsThatEndWrongAreDeadEnds() {
    MergeProblem problem = problem("parts");
    assertThat(path(problem, "A.<|end|>").getLast().state())
        .isEqualTo(new ThoughtState.Dead("the merge ends with document 1 of 3"));
    assertThat(path(problem, "A.").getLast().state())
        .isEqualTo(new ThoughtState.Dead("the part of document 1 does not end"));
    assertThat(path(problem, "<|sep|>", "<|sep|>", "B.<|sep|>").getLast().state())
        .isEqualTo(new ThoughtState.Dead("a part more than there are documents"));
  }

  @Test
  void wholeMergesHaveAPartForEachDocument() {
    MergeProblem problem = problem("whole");
    assertThat(path(problem, "A.\nB.<|sep|><|sep|>C.<|end|>").getLast().answer())
        .contains("A.\nB.\nC.");
    assertThat(path(problem, "A.<|sep|>C.<|end|>").getLast().state())
        .isEqualTo(new ThoughtState.Dead("a merge of 2 parts for 3 documents"));
    assertThat(path(problem, "<|sep|><|sep|><|end|>").getLast().dead()).isTrue();
    assertThat(path(problem, "A.<|sep|><|sep|>B.").getLast().dead()).isTrue();
  }

  @Test
  void twoWholeMergesAreJoinedAsLines() {
    MergeProblem problem = problem("whole");
    PromptLayout layout = problem.layout(TEXT);
    List<Thought> a = path(problem, "A.\nB.<|sep|><|sep|>C.<|end|>");
    List<Thought> b = path(problem, "<|sep|>D.<|sep|><|end|>");
    List<Thought> above = List.of(root(problem));
    Stage stage = layout.merge(above, List.of(a, b)).orElseThrow();
    assertThat(spell(stage.prompt())).isEqualTo("<|merge|>A.\nB.\nC.<|sep|>D.<|solve|>");
    assertThat(
            layout.read(
                above,
                stage.name(),
                tokens("A.<|sep|>D.<|sep|>C.<|end|>"),
                "",
                FinishReason.STOP_TOKEN))
        .isEqualTo(new ThoughtState.Answer("A.\nD.\nC."));
    assertThatThrownBy(() -> layout.merge(above, List.of(a, b, a)))
        .hasMessage("this model joins two answers, was given 3: keep fewer before aggregate");
    MergeProblem inParts = problem("parts");
    List<Thought> part = path(inParts, "A.<|sep|>");
    assertThatThrownBy(() -> inParts.layout(TEXT).merge(above, List.of(part, part)))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("-T thoughts=whole");
  }

  @Test
  void aPartPromisesWhatItScoresAgainstTheDocumentsSoFar() {
    MergeProblem problem = problem("parts");
    String end = "\n" + MergeProblem.SEPARATOR;
    double all =
        problem.promise("The old bridge burned down.\nNobody was hurt." + end).orElseThrow();
    double half = problem.promise("The old bridge burned down." + end).orElseThrow();
    assertThat(all).isEqualTo(1);
    // Half is covered: five ninths of what a solution covers, nothing repeated; F1 is two thirds.
    assertThat(half).isEqualTo(.8 * (2 * 5 / 9.0 / (1 + 5 / 9.0)) + .2 * 2 / 3, within(1e-12));
    assertThat(problem.promise(end.strip()).orElseThrow()).isZero();
    // The second document's first sentence is covered by the first one's second.
    assertThat(
            problem
                .promise(
                    "The old bridge burned down.\nNobody was hurt there."
                        + end
                        + "\n"
                        + "Teachers demand higher wages!"
                        + end)
                .orElseThrow())
        .isEqualTo(1);
    assertThat(problem.promise("no part ends here")).isEmpty();
  }

  @Test
  void documentsThatDoNotFitAreAnErrorOfTheirOwn() {
    Problem large =
        task("parts").parse(List.of("One fact here. ".repeat(90), "Two. ".repeat(300))).getFirst();
    assertThatThrownBy(() -> large.layout(TEXT))
        .isInstanceOf(ProblemTooLargeException.class)
        .hasMessageContaining("the documents: 2,8")
        .hasMessageContaining("at most 2,500");
  }

  @Test
  void aJudgeIsAskedAboutWholeMerges() {
    MergeProblem problem = problem("parts");
    List<Thought> part = path(problem, "A.<|sep|>");
    assertThatThrownBy(() -> problem.layout(TEXT).judge(part))
        .hasMessageContaining("-T thoughts=whole");
    SearchResult judged = search("whole", new Greedy(), true);
    assertThat(judged.answer()).isPresent();
    assertThatThrownBy(() -> search("parts", tot(), true))
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("-T thoughts=whole");
  }

  // --- searches

  private static TotBfs tot() {
    return new TotBfs(new TotBfs.Config(3, 0, 1, 4, .7, TotBfs.Generate.SAMPLE, false, 0));
  }

  /**
   * One stream in so many writes a good part; the others forget everything. So no chain of
   * independent parts is good, but a tree of them is.
   */
  private static ScriptedDecoder decoder(int every) {
    ScriptedModel writes =
        ScriptedModel.canned(
            TEXT,
            (prompt, stream) -> {
              int solve = prompt.indexOf("<|solve|>");
              int part = prompt.substring(solve).split("<\\|sep\\|>", -1).length - 1;
              List<String> good =
                  List.of(
                      "The old bridge burned down.\nNobody was hurt.<|sep|>",
                      "Teachers demand higher wages!<|sep|>",
                      "The harvest failed; wages fell.<|end|>");
              StringBuilder out = new StringBuilder();
              for (int i = part; i < good.size(); i++) {
                String end = i == 2 ? "<|end|>" : "<|sep|>";
                out.append(stream % every == 0 ? good.get(i) : "Ducks quack." + end);
              }
              return out.toString();
            });
    return new ScriptedDecoder(TEXT, writes);
  }

  private static SearchResult search(String thoughts, SearchStrategy strategy, boolean judge) {
    return search(3, thoughts, strategy, judge);
  }

  private static SearchResult search(
      int every, String thoughts, SearchStrategy strategy, boolean judge) {
    try (ScriptedDecoder decoder = decoder(every)) {
      return new SearchDriver(decoder)
          .run(
              SearchRequest.of(problem(thoughts), strategy)
                  .withEvaluator(judge ? new Judge() : new Checker()));
    }
  }

  @Test
  void aTreeOfPartsTakesTheBestOfEach() {
    SearchResult result = search("parts", tot(), false);
    assertThat(result.solved()).as("%s", result.answer()).isTrue();
    assertThat(result.best().stream().map(Thought::stage))
        .containsExactly("", "part", "part", "part");
    assertThat(result.tree().depth()).isEqualTo(3);
    assertThat(result.tokens().prefilled())
        .as("the documents and the tag, once")
        .isEqualTo(tokens(ROOT).size() + 1);
  }

  @Test
  void partsAreTheSameTokensAsAWholeMerge() {
    SearchResult parts = search(1, "parts", new Greedy(), false);
    SearchResult whole = search(1, "whole", new Greedy(), false);
    assertThat(parts.answer()).isEqualTo(whole.answer()).isPresent();
    assertThat(parts.tokens().decoded()).isEqualTo(whole.tokens().decoded());
  }

  @Test
  void independentSamplesGoThroughAllParts() {
    SearchResult result = search("parts", new BestOfN(new BestOfN.Config(4, 64, .8, false)), false);
    assertThat(result.answer()).isPresent();
    assertThat(result.best()).hasSize(4);
  }

  @Test
  void theDefaultSearchHasALevelForEachPart() {
    assertThat(problem("parts").settings("tot-bfs"))
        .containsEntry("depth", "4")
        .containsEntry("width", "4");
    assertThat(problem("whole").settings("tot-bfs")).containsEntry("depth", "2");
    assertThat(problem("parts").settings("greedy")).isEmpty();
    // All of them are options that the strategy has.
    new TotBfs.Factory().create(Options.none().orElse(problem("parts").settings("tot-bfs")));
    assertThat(problem("parts").verify("")).isNotEqualTo(Optional.empty());
  }
}

package org.deft4j.bench.eval;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.deft4j.runtime.Deft;
import org.deft4j.runtime.DeftModule;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.runtime.PluginLoader;
import org.deft4j.runtime.PluginPath;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.ProblemTooLargeException;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Verdict;
import org.deft4j.testing.ScriptedCodec;
import org.deft4j.testing.ScriptedDecoder;
import org.deft4j.testing.ScriptedModel;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.TokenCodec;
import org.deft4j.tree.decode.TreeDecoder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluationTest {
  @TempDir Path temp;

  /** A model that always answers [1, 2, 3]. */
  private static Deft deft() {
    return deft(d -> d);
  }

  private static Deft deft(UnaryOperator<TreeDecoder> with) {
    ScriptedCodec codec = new ScriptedCodec("<|bos|>", "<|end|>");
    return new Deft(
        new DeftModule(DeftOptions.of("any"), PluginLoader.load(PluginPath.none())).registry(),
        with.apply(
            new ScriptedDecoder(codec, ScriptedModel.canned(codec, (_, _) -> " [1, 2, 3]"))));
  }

  private record TooLarge(Problem problem) implements Problem {
    @Override
    public String task() {
      return problem.task();
    }

    @Override
    public String id() {
      return "large";
    }

    @Override
    public String text() {
      return problem.text();
    }

    @Override
    public PromptLayout layout(TokenCodec codec) {
      throw new ProblemTooLargeException("9,999 tokens, and this model takes at most 99");
    }

    @Override
    public Verdict grade(Optional<String> answer) {
      return problem.grade(answer);
    }
  }

  @Test
  void aProblemThatTheModelDoesNotTakeCountsAsNotSolved() {
    Path log = temp.resolve("rows.jsonl");
    List<String> begun = new ArrayList<>();
    try (Deft deft = deft()) {
      Problem right = deft.search("sorting").task().parse("[3, 1, 2]");
      List<Problem> problems = List.of(new TooLarge(right), right);
      Evaluation evaluation =
          new Evaluation(
              "sorting",
              Map.of(),
              Map.of(),
              List.of(Entry.parse("greedy")),
              List.of(1),
              1,
              Evaluation.unit(deft, "sorting", problems));
      for (int round = 0; round < 2; round++) {
        EvalTable table =
            evaluation.run(log, deft, problems, Map.of(), p -> begun.add(p.what()), () -> false);
        assertThat(table.lines()).hasSize(1);
        assertThat(table.lines().getFirst().solved()).isEqualTo(0.5);
        assertThat(table.lines().getFirst().runs()).isEqualTo(2);
      }
    }
    assertThat(begun).as("the log holds both rows").hasSize(2);
  }

  /** Decodes the first text asked for; from the second on no step finds room. */
  private static TreeDecoder cramped(TreeDecoder real) {
    int[] decodes = {0};
    return (TreeDecoder)
        Proxy.newProxyInstance(
            TreeDecoder.class.getClassLoader(),
            new Class<?>[] {TreeDecoder.class},
            (_, method, args) -> {
              decodes[0] += method.getName().equals("decode") ? 1 : 0;
              if (decodes[0] > 1 && method.getName().equals("step")) {
                throw new DeftException(DeftException.OUT_OF_MEMORY, "no room");
              }
              try {
                return method.invoke(real, args);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  @Test
  void aRunThatEndsForLackOfMemorySaysSo() throws IOException {
    Path log = temp.resolve("rows.jsonl");
    try (Deft deft = deft(EvaluationTest::cramped)) {
      Problem wrong = deft.search("sorting").task().parse("[3, 1, 9]");
      Evaluation evaluation =
          new Evaluation(
              "sorting", Map.of(), Map.of(), List.of(Entry.parse("retry")), List.of(4), 1, 100);
      for (int round = 0; round < 2; round++) {
        EvalTable table = evaluation.run(log, deft, List.of(wrong), Map.of(), _ -> {}, () -> false);
        assertThat(table.lines()).singleElement().returns(1L, EvalTable.Line::outOfMemory);
        assertThat(table.markdown())
            .contains("retry at budget 4: 1 of 1 runs ended for lack of memory");
      }
    }
    assertThat(Files.readString(log)).containsOnlyOnce("\"stopped\":\"memory\"");
  }

  @Test
  void theUnitIsTheMeanOfProblemsThatTheModelTakes() {
    try (Deft deft = deft()) {
      Problem right = deft.search("sorting").task().parse("[3, 1, 2]");
      assertThat(Evaluation.unit(deft, "sorting", List.of(new TooLarge(right), right)))
          .isEqualTo(Evaluation.unit(deft, "sorting", List.of(right)))
          .isGreaterThan(1);
    }
  }
}

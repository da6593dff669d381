package org.deft4j.runtime.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.deft4j.runtime.Deft;
import org.deft4j.runtime.DeftModule;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.runtime.PluginLoader;
import org.deft4j.runtime.PluginPath;
import org.deft4j.runtime.Registry;
import org.deft4j.runtime.WalkProblem;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.search.spi.Options;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.NodeId;
import org.deft4j.tree.decode.TreeDecoder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reward models by name, with the shipped model as the second one. */
class RewardModelsTest {
  private static final String PROBLEM = "[3, 1, 2, 0, 7, 7, 4, 2]";

  private static Registry registry() {
    return new DeftModule(
            DeftOptions.of("deft-mini").withEngine(e -> e.withThreads(1)),
            PluginLoader.load(PluginPath.none()))
        .registry();
  }

  private static Deft open(Registry registry) {
    return Deft.open(DeftOptions.of("deft-mini").withEngine(e -> e.withThreads(1)), registry);
  }

  /** P(good) of a fresh model that reads the whole text at once. */
  private static double alone(TreeDecoder model, List<Thought> path, String tag, String question) {
    List<Integer> tokens = new ArrayList<>();
    add(tokens, model.codec().encodePrompt(PROBLEM + "\n", true));
    // A step without a word is read as a line.
    path.forEach(t -> {
      String step = t.text() + tag;
      add(tokens, model.codec().encode(step.isEmpty() ? "\n" : step));
    });
    add(tokens, model.codec().encode(question));
    NodeId root = model.root(tokens.stream().mapToInt(Integer::intValue).toArray());
    NodeId leaf = model.fork(root, 1).getFirst();
    model.choices(
        leaf, new int[] {model.codec().encode(" yes")[0], model.codec().encode(" no")[0]});
    double[] p = new double[1];
    while (model.busy()) {
      model.step(e -> {
        if (e instanceof DecodeEvent.Chosen c) {
          p[0] = 1 / (1 + Math.exp(c.logProbs()[1] - c.logProbs()[0]));
        }
      });
    }
    model.release(root);
    return p[0];
  }

  private static void add(List<Integer> tokens, int[] more) {
    for (int t : more) {
      tokens.add(t);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"tag", "ask"})
  void scoresAreThoseOfReadingTheWholeText(String how) {
    boolean tagged = how.equals("tag");
    Registry registry = registry();
    try (Deft deft = open(registry);
        Deft fresh = open(registry())) {
      SearchResult result =
          deft.search("sorting")
              .problem(new WalkProblem(PROBLEM, 6, 3))
              .strategy("beam")
              .option("width", 2)
              .option("branch", 3)
              .option("temperature", 2)
              .evaluator("reward-model")
              .evaluatorOption("model", "deft-mini")
              .evaluatorOption(how, tagged ? " so\\n" : "\\nGood?")
              .seed(2)
              .run();
      List<Thought> scored = result.thoughts().stream().filter(t -> t.score().isPresent()).toList();
      assertThat(scored).hasSizeGreaterThan(3).anyMatch(t -> t.depth() == 3);
      Map<Long, Thought> all =
          result.thoughts().stream().collect(Collectors.toMap(Thought::ordinal, t -> t));
      for (Thought t : scored) {
        List<Thought> path = new ArrayList<>();
        for (Thought at = t; at != null && !at.isRoot(); at = all.get(at.parent())) {
          path.addFirst(at);
        }
        double want = alone(fresh.decoder(), path, tagged ? " so\n" : "", tagged ? "" : "\nGood?");
        assertThat(t.score().map(Score::value).orElseThrow())
            .as(t.text())
            .isCloseTo(want, within(1e-4));
      }
      assertThat(result.tokens().evaluator()).as("the searching model judged nothing").isZero();
    }
  }

  @Test
  void oneModelServesAllSearchesAndIsClosedWithThem() {
    List<String> opened = new ArrayList<>();
    int[] closed = new int[1];
    RewardModels factory =
        new RewardModels(name -> {
          opened.add(name);
          Deft second = open(registry());
          return (TreeDecoder)
              Proxy.newProxyInstance(
                  getClass().getClassLoader(),
                  new Class<?>[] {TreeDecoder.class},
                  (proxy, method, args) -> {
                    closed[0] += method.getName().equals("close") ? 1 : 0;
                    return method.invoke(second.decoder(), args);
                  });
        });
    try (Deft deft = open(registry())) {
      Options options = Options.none().with("model", "m");
      factory.create(options);
      assertThat(opened).as("nothing was searched yet").isEmpty();
      for (int i = 0; i < 2; i++) {
        deft.search("sorting")
            .problem("[2, 1]")
            .strategy("best-of-n")
            .option("width", 2)
            .evaluator(factory.create(options))
            .run();
      }
      assertThat(opened).containsExactly("m");
      factory.close();
      assertThat(closed[0]).isEqualTo(1);
    }
  }

  @Test
  void badOptionsAreNamed() {
    Registry registry = registry();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> registry.evaluator("reward-model", Options.none()))
        .withMessageContaining("-E model=");
    assertThatIllegalArgumentException()
        .isThrownBy(() ->
            registry.evaluator(
                "reward-model",
                Options.none().with("model", "deft-mini").with("tag", "a").with("ask", "b")))
        .withMessageContaining("exclude");
    try (Deft deft = open(registry)) {
      assertThatThrownBy(() ->
              deft.search("sorting")
                  .problem("[2, 1]")
                  .evaluator("reward-model")
                  .evaluatorOption("model", "deft-mini")
                  .evaluatorOption("good", "a word of many tokens")
                  .run())
          .isInstanceOf(DeftException.class)
          .hasMessageContaining("option good: 'a word of many tokens' is");
    }
  }
}

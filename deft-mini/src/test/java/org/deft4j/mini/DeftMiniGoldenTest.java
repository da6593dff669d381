package org.deft4j.mini;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.deft4j.engine.EngineOptions;
import org.deft4j.engine.TreeEngine;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Task;
import org.deft4j.tasks.keywords.KeywordCountingTask;
import org.deft4j.tasks.merging.DocumentMergingTask;
import org.deft4j.tasks.sets.SetIntersectionTask;
import org.deft4j.tasks.sorting.SortingTask;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.NodeId;
import org.deft4j.tree.decode.TokenCodec;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The shipped file in the engine, against values that {@code training/golden.py} computed. */
class DeftMiniGoldenTest {
  @TempDir static Path folder;
  private static TreeEngine engine;
  private static JsonNode golden;

  @BeforeAll
  static void open() throws IOException {
    try (InputStream in = DeftMiniGoldenTest.class.getResourceAsStream("golden.json")) {
      golden = JsonMapper.shared().readTree(in);
    }
    engine =
        TreeEngine.open(
            EngineOptions.of(DeftMini.extractTo(folder)).withKvMemory(64 << 20).withThreads(2));
  }

  @AfterAll
  static void close() {
    engine.close();
  }

  private static int[] ints(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }

  private static List<DecodeEvent> drain() {
    List<DecodeEvent> events = new ArrayList<>();
    while (engine.busy()) {
      engine.step(events::add);
    }
    return events;
  }

  private static float[] logProbs(NodeId leaf, int... tokens) {
    engine.choices(leaf, tokens);
    return drain().stream()
        .filter(DecodeEvent.Chosen.class::isInstance)
        .map(e -> ((DecodeEvent.Chosen) e).logProbs())
        .findFirst()
        .orElseThrow();
  }

  private static int[] greedy(NodeId leaf, int limit) {
    int had = engine.length(leaf);
    int end = engine.codec().id("<|end|>").orElseThrow();
    engine.decode(leaf, DecodeSpec.of(limit).stopTokens(List.of(end)).build());
    drain();
    int[] all = engine.tokens(leaf);
    return Arrays.copyOfRange(all, had, all.length);
  }

  @Test
  void goldenIsOfThisFile() {
    assertThat(golden.get("sha256").asString()).isEqualTo(DeftMini.SHA256);
  }

  @Test
  void tokensAreTheRecipes() {
    TokenCodec codec = engine.codec();
    for (JsonNode text : golden.get("tokenizer")) {
      assertThat(codec.encodePrompt(text.get("text").asString(), true))
          .as(text.get("text").asString())
          .isEqualTo(ints(text.get("ids")));
    }
    assertThat(codec.vocabularySize()).isEqualTo(DeftMiniTest.VOCABULARY);
    assertThat(codec.decode(codec.encode("Z\u00fcrich 3 \u6771")))
        .isEqualTo("Z\u00fcrich 3 \u6771");
  }

  @Test
  void logitsAndGreedyContinuations() {
    double tolerance = golden.get("tolerance").asDouble();
    for (JsonNode c : golden.get("cases")) {
      String name = c.get("name").asString();
      int[] prompt = ints(c.get("prompt_ids"));
      NodeId root = engine.root(prompt);
      JsonNode top = c.get("top5_logits_after_prompt");
      int[] ids = IntStream.range(0, top.size()).map(i -> top.get(i).get(0).asInt()).toArray();
      float[] got = logProbs(root, ids);
      // Log-probabilities differ from logits by one number, so differences are compared.
      for (int i = 1; i < ids.length; i++) {
        assertThat((double) got[i] - got[0])
            .as("%s, candidate %s", name, ids[i])
            .isCloseTo(
                top.get(i).get(1).asDouble() - top.get(0).get(1).asDouble(), within(2 * tolerance));
      }
      // Each gap between the two best candidates is far above the tolerance.
      assertThat(c.get("smallest_top1_top2_gap").asDouble()).isGreaterThan(1.0);
      int[] want = ints(c.get("greedy_ids"));
      int end = engine.codec().id("<|end|>").orElseThrow();
      int[] found = greedy(root, want.length);
      assertThat(without(end, found)).as(name).isEqualTo(without(end, want));
    }
  }

  private static int[] without(int token, int[] ids) {
    return Arrays.stream(ids).filter(t -> t != token).toArray();
  }

  @Test
  void sortsAndJudgesListsOfManyLengths() {
    TokenCodec codec = engine.codec();
    int yes = codec.id("<|yes|>").orElseThrow();
    int no = codec.id("<|no|>").orElseThrow();
    Random random = new Random(11);
    for (int n : new int[] {4, 9, 23, 64, 101, 128}) {
      int[] digits = random.ints(n, 0, 10).toArray();
      String prompt = "<|bos|><|list|>" + text(digits) + "<|solve|>";
      int[] answer = greedy(engine.root(tokens(prompt)), n + 4);
      Arrays.sort(digits);
      String right = text(digits);
      assertThat(codec.decode(answer)).isEqualTo(right);
      String wrong = right.substring(0, n - 1);
      assertThat(judge(prompt + right, yes, no)).isGreaterThan(0.5);
      assertThat(judge(prompt + wrong, yes, no)).isLessThan(0.5);
    }
  }

  private static double judge(String attempted, int yes, int no) {
    int[] prompt = tokens(attempted + "<|end|><|judge|>");
    float[] p = logProbs(engine.root(prompt), yes, no);
    return 1 / (1 + Math.exp(p[1] - p[0]));
  }

  /** Digits by themselves, as lists are written, whatever the vocabulary makes of numbers. */
  private static int[] tokens(String text) {
    TokenCodec codec = engine.codec();
    return Arrays.stream(text.split("(?<=>)|(?=<)|(?<=\\d)(?=\\d)"))
        .flatMapToInt(part -> Arrays.stream(codec.encodePrompt(part, false)))
        .toArray();
  }

  /** What the model was trained on is what the tasks ask it. */
  @Test
  void problemsAreTheTokensOfTheTraining() {
    assumeThat(DeftMini.VERSION).as("version 1 knows sorting alone").isGreaterThan(1);
    Map<String, Task> tasks =
        Map.of(
            SortingTask.NAME, new SortingTask.Factory().create(Options.none()),
            SetIntersectionTask.NAME, new SetIntersectionTask.Factory().create(Options.none()),
            KeywordCountingTask.NAME, new KeywordCountingTask.Factory().create(Options.none()),
            DocumentMergingTask.NAME, new DocumentMergingTask.Factory().create(Options.none()));
    Set<String> seen = new HashSet<>();
    for (JsonNode problem : golden.get("problems")) {
      String name = problem.get("task").asString();
      seen.add(name);
      Task task = Objects.requireNonNull(tasks.get(name));
      String text = problem.get("problem").asString();
      List<Integer> root = task.parse(text).layout(engine.codec()).root();
      assertThat(root).as(text).isEqualTo(Arrays.stream(ints(problem.get("ids"))).boxed().toList());
    }
    assertThat(seen).isEqualTo(tasks.keySet());
  }

  private static String text(int[] digits) {
    StringBuilder out = new StringBuilder();
    for (int d : digits) {
      out.append(d);
    }
    return out.toString();
  }
}

package org.deft4j.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.deft4j.engine.EngineOptions;
import org.deft4j.engine.TreeEngine;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.NodeId;
import org.deft4j.tree.plan.AttentionMethod;
import org.jspecify.annotations.Nullable;

/**
 * Speed of the engine on prompts and on trees of branches that share one, with llama.cpp in turns
 * if its command is given.
 *
 * <pre>
 * EngineBenchmark MODEL.gguf [--threads 2] [--cases 1x96,32x96,8x256+32x64] [--prompt 128]
 *     [--rounds 5] [--attention flatten] [--temperature 0] [--warm 3] [--activations exact|int8]
 *     [--peer "COMMAND ARGS"]
 * </pre>
 *
 * <p>A case names the branches and tokens of each level: {@code 8x256+32x64} decodes 8 branches of
 * 256 tokens, then forks each into 4 and decodes 64 tokens a branch. Each round runs every case
 * once on each side, so that a slow moment of the machine meets both; medians are printed, for the
 * prompt, each level and all levels together. Our side samples (greedily unless told otherwise) and
 * gives log-probabilities; the peer samples nothing and the better of its two attention kernels
 * counts, chosen anew for each line.
 */
public final class EngineBenchmark {
  private final TreeEngine engine;
  private final int prompt;
  private final float temperature;
  private int runs;

  private EngineBenchmark(TreeEngine engine, int prompt, float temperature) {
    this.engine = engine;
    this.prompt = prompt;
    this.temperature = temperature;
  }

  /** Seconds for the prompt, then for each level. */
  private double[] run(TreeCase tree) {
    int[] tokens = new int[prompt];
    int vocabulary = engine.codec().vocabularySize();
    for (int i = 0; i < prompt; i++) {
      // Each run has a prompt of its own, so that none is found in the cache.
      tokens[i] = 3 + Math.floorMod(i * 7919 + runs * 104_729, vocabulary - 3);
    }
    runs++;
    double[] seconds = new double[1 + tree.levels().size()];
    long start = System.nanoTime();
    NodeId root = engine.root(tokens);
    engine.choices(root, new int[] {0});
    drain();
    seconds[0] = (System.nanoTime() - start) * 1e-9;
    List<NodeId> parents = List.of(root);
    for (int i = 0; i < tree.levels().size(); i++) {
      TreeCase.Level level = tree.levels().get(i);
      start = System.nanoTime();
      List<NodeId> leaves = new ArrayList<>();
      for (NodeId parent : parents) {
        leaves.addAll(engine.fork(parent, level.branches() / parents.size()));
      }
      for (int b = 0; b < leaves.size(); b++) {
        // No stop, and each branch by its own stream.
        DecodeSpec.Builder spec = DecodeSpec.of(level.tokens()).temperature(temperature);
        engine.decode(leaves.get(b), spec.seed(1, b).build());
      }
      drain();
      seconds[1 + i] = (System.nanoTime() - start) * 1e-9;
      parents = leaves;
    }
    engine.release(root);
    return seconds;
  }

  private void drain() {
    while (engine.busy()) {
      engine.step(e -> {});
    }
  }

  /** What one side took for one case, a list a run. */
  private static final class Times {
    private final List<double[]> runs = new ArrayList<>();

    /** The middle one of the runs' sums over parts {@code from..to-1}. */
    double median(int from, int to) {
      double[] v =
          runs.stream().mapToDouble(r -> Arrays.stream(r, from, to).sum()).sorted().toArray();
      return v.length == 0 ? Double.NaN : v[v.length / 2];
    }
  }

  private static String option(List<String> args, String name, String other) {
    int i = args.indexOf(name);
    return i < 0 || i + 1 == args.size() ? other : args.get(i + 1);
  }

  /** Runs the benchmark; see the class. */
  public static void main(String[] arguments) {
    List<String> args = List.of(arguments);
    if (args.isEmpty()) {
      throw new IllegalArgumentException("usage: EngineBenchmark MODEL.gguf [options]");
    }
    int prompt = Integer.parseInt(option(args, "--prompt", "128"));
    int rounds = Integer.parseInt(option(args, "--rounds", "5"));
    int warm = Integer.parseInt(option(args, "--warm", "3"));
    List<TreeCase> cases =
        Arrays.stream(option(args, "--cases", "1x96,32x96").split(","))
            .map(TreeCase::parse)
            .toList();
    EngineOptions options =
        EngineOptions.of(Path.of(args.getFirst()))
            .withThreads(Integer.parseInt(option(args, "--threads", "2")))
            .withAttention(AttentionMethod.of(option(args, "--attention", "flatten")))
            .withInt8Activations(option(args, "--activations", "exact").equals("int8"));
    float temperature = Float.parseFloat(option(args, "--temperature", "0"));
    String command = option(args, "--peer", "");
    try (TreeEngine engine = TreeEngine.open(options);
        LlamaPeer peer = command.isEmpty() ? null : new LlamaPeer(command)) {
      System.out.println(engine.info());
      EngineBenchmark bench = new EngineBenchmark(engine, prompt, temperature);
      for (int i = 0; i < warm; i++) {
        for (TreeCase tree : cases) {
          bench.run(tree);
        }
      }
      bench.measure(peer, cases, rounds);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void measure(@Nullable LlamaPeer peer, List<TreeCase> cases, int rounds)
      throws IOException {
    List<Times> ours = new ArrayList<>();
    List<Times> flash = new ArrayList<>();
    List<Times> plain = new ArrayList<>();
    for (int c = 0; c < cases.size(); c++) {
      ours.add(new Times());
      flash.add(new Times());
      plain.add(new Times());
    }
    for (int round = 0; round < rounds; round++) {
      for (int c = 0; c < cases.size(); c++) {
        ours.get(c).runs.add(run(cases.get(c)));
        if (peer != null) {
          plain.get(c).runs.add(peer.run(cases.get(c), prompt, false));
          flash.get(c).runs.add(peer.run(cases.get(c), prompt, true));
        }
      }
    }
    System.out.println(
        "case              part         ours tok/s  llama.cpp fa off  fa on   ratio to better");
    for (int c = 0; c < cases.size(); c++) {
      TreeCase tree = cases.get(c);
      int n = tree.levels().size();
      line(tree, "prompt " + prompt, prompt, ours.get(c), plain.get(c), flash.get(c), 0, 1);
      for (int i = 0; i < n && n > 1; i++) {
        TreeCase.Level l = tree.levels().get(i);
        String part = l.branches() + "x" + l.tokens();
        line(tree, part, l.total(), ours.get(c), plain.get(c), flash.get(c), 1 + i, 2 + i);
      }
      line(tree, "decode", tree.total(), ours.get(c), plain.get(c), flash.get(c), 1, 1 + n);
    }
  }

  private static void line(
      TreeCase tree, String part, int tokens, Times ours, Times plain, Times flash, int a, int b) {
    double mine = tokens / ours.median(a, b);
    double off = tokens / plain.median(a, b);
    double on = tokens / flash.median(a, b);
    System.out.printf(
        Locale.ROOT,
        "%-16s  %-11s  %10.1f  %16.1f  %6.1f  %.2f%n",
        tree,
        part,
        mine,
        off,
        on,
        mine / Math.max(off, on));
  }
}

package org.deft4j.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
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
 * Decode speed of the engine over branches that share a prompt, with llama.cpp in turns if its
 * command is given.
 *
 * <pre>
 * EngineBenchmark MODEL.gguf [--threads 2] [--branches 1,32] [--prompt 128] [--generate 96]
 *     [--rounds 5] [--attention flatten] [--temperature 0] [--peer "COMMAND ARGS"]
 * </pre>
 *
 * <p>Each round runs every case once on each side, so that a slow moment of the machine meets both;
 * medians are printed. Our side samples (greedily unless told otherwise) and gives
 * log-probabilities; the peer samples nothing and gets the better of its two attention kernels.
 */
public final class EngineBenchmark {
  private final TreeEngine engine;
  private final int prompt;
  private final int generate;
  private final float temperature;
  private int runs;

  private EngineBenchmark(TreeEngine engine, int prompt, int generate, float temperature) {
    this.engine = engine;
    this.prompt = prompt;
    this.generate = generate;
    this.temperature = temperature;
  }

  /** Seconds for the prompt and for decoding. */
  private record Seconds(double prompt, double decode) {}

  private Seconds run(int branches) {
    int[] tokens = new int[prompt];
    int vocabulary = engine.codec().vocabularySize();
    for (int i = 0; i < prompt; i++) {
      // Each run has a prompt of its own, so that none is found in the cache.
      tokens[i] = 3 + Math.floorMod(i * 7919 + runs * 104_729, vocabulary - 3);
    }
    runs++;
    long t0 = System.nanoTime();
    NodeId root = engine.root(tokens);
    engine.choices(root, new int[] {0});
    drain();
    long t1 = System.nanoTime();
    List<NodeId> leaves = engine.fork(root, branches);
    for (int i = 0; i < branches; i++) {
      // No stop, and each branch by its own stream.
      engine.decode(
          leaves.get(i), DecodeSpec.of(generate).temperature(temperature).seed(1, i).build());
    }
    drain();
    long t2 = System.nanoTime();
    engine.release(root);
    return new Seconds((t1 - t0) * 1e-9, (t2 - t1) * 1e-9);
  }

  private void drain() {
    while (engine.busy()) {
      engine.step(e -> {});
    }
  }

  /** llama.cpp behind a pipe; see {@code deft-bench/peers}. */
  private static final class Peer implements AutoCloseable {
    private final Process process;
    private final PrintStream in;
    private final BufferedReader out;

    Peer(String command) throws IOException {
      process =
          new ProcessBuilder(command.trim().split(" +"))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      in = new PrintStream(process.getOutputStream(), true, StandardCharsets.US_ASCII);
      out = process.inputReader(StandardCharsets.US_ASCII);
    }

    Seconds run(int branches, int prompt, int generate, int flash) throws IOException {
      in.println(branches + " " + prompt + " " + generate + " " + flash);
      String line = out.readLine();
      if (line == null) {
        throw new IOException("the peer ended");
      }
      String[] parts = line.split(" ");
      return new Seconds(Double.parseDouble(parts[0]), Double.parseDouble(parts[1]));
    }

    @Override
    public void close() {
      in.close();
      process.destroy();
    }
  }

  private static double median(List<Double> values) {
    double[] v = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    return v[v.length / 2];
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
    int generate = Integer.parseInt(option(args, "--generate", "96"));
    int rounds = Integer.parseInt(option(args, "--rounds", "5"));
    int[] cases =
        Arrays.stream(option(args, "--branches", "1,32").split(","))
            .mapToInt(Integer::parseInt)
            .toArray();
    EngineOptions options =
        EngineOptions.of(Path.of(args.getFirst()))
            .withThreads(Integer.parseInt(option(args, "--threads", "2")))
            .withAttention(AttentionMethod.of(option(args, "--attention", "flatten")));
    float temperature = Float.parseFloat(option(args, "--temperature", "0"));
    String command = option(args, "--peer", "");
    try (TreeEngine engine = TreeEngine.open(options);
        Peer peer = command.isEmpty() ? null : new Peer(command)) {
      System.out.println(engine.info());
      EngineBenchmark bench = new EngineBenchmark(engine, prompt, generate, temperature);
      for (int i = 0; i < 3; i++) {
        for (int branches : cases) {
          bench.run(branches);
        }
      }
      measure(bench, peer, cases, rounds);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void measure(EngineBenchmark bench, @Nullable Peer peer, int[] cases, int rounds)
      throws IOException {
    List<List<Double>> ours = new ArrayList<>();
    List<List<Double>> oursPrompt = new ArrayList<>();
    List<List<Double>> flash = new ArrayList<>();
    List<List<Double>> plain = new ArrayList<>();
    for (int c = 0; c < cases.length; c++) {
      ours.add(new ArrayList<>());
      oursPrompt.add(new ArrayList<>());
      flash.add(new ArrayList<>());
      plain.add(new ArrayList<>());
    }
    for (int round = 0; round < rounds; round++) {
      for (int c = 0; c < cases.length; c++) {
        double tokens = (double) cases[c] * bench.generate;
        Seconds s = bench.run(cases[c]);
        ours.get(c).add(tokens / s.decode);
        oursPrompt.get(c).add(bench.prompt / s.prompt);
        if (peer != null) {
          plain.get(c).add(tokens / peer.run(cases[c], bench.prompt, bench.generate, 0).decode);
          flash.get(c).add(tokens / peer.run(cases[c], bench.prompt, bench.generate, 1).decode);
        }
      }
    }
    System.out.println(
        "branches  ours tok/s  prompt tok/s  llama.cpp fa off  fa on   ratio to better");
    for (int c = 0; c < cases.length; c++) {
      double mine = median(ours.get(c));
      double off = peer == null ? Double.NaN : median(plain.get(c));
      double on = peer == null ? Double.NaN : median(flash.get(c));
      System.out.printf(
          Locale.ROOT,
          "%8d  %10.0f  %12.0f  %16.0f  %6.0f  %.2f%n",
          cases[c],
          mine,
          median(oursPrompt.get(c)),
          off,
          on,
          mine / Math.max(off, on));
    }
  }
}

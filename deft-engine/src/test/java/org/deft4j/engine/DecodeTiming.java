package org.deft4j.engine;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.NodeId;
import org.deft4j.tree.plan.AttentionMethod;

/**
 * Times decode steps of {@link RandomLlama} on a device, sampling and host included.
 *
 * <pre>
 * DecodeTiming LAYERS STEPS LEAVESxOWN@PROMPT[:TEMPERATURE[:TOP_P]] ...
 * </pre>
 */
final class DecodeTiming {
  private DecodeTiming() {}

  /** See the class. */
  public static void main(String[] args) {
    long t0 = System.nanoTime();
    EngineOptions options =
        EngineOptions.of(Path.of("random"))
            .withBackend("cuda")
            .withKvMemory(Long.getLong("kv", 8) << 30)
            .withDeterministic(Boolean.getBoolean("deterministic"))
            .withAttention(AttentionMethod.of(System.getProperty("method", "flatten")));
    try (TreeEngine engine =
        TreeEngine.open(RandomLlama.open(Integer.parseInt(args[0])), options)) {
      System.out.printf(
          "%s%nloaded in %.1f s%n",
          engine.info().backend().description(), (System.nanoTime() - t0) * 1e-9);
      for (int i = 2; i < args.length; i++) {
        run(engine, Integer.parseInt(args[1]), args[i]);
      }
    }
  }

  private static void run(TreeEngine engine, int steps, String what) {
    String[] parts = what.split("[x@:]");
    int leaves = Integer.parseInt(parts[0]);
    int own = Integer.parseInt(parts[1]);
    int prompt = Integer.parseInt(parts[2]);
    float temperature = parts.length > 3 ? Float.parseFloat(parts[3]) : 0;
    float topP = parts.length > 4 ? Float.parseFloat(parts[4]) : 1;
    SplittableRandom random = new SplittableRandom(prompt * 31L + leaves);
    NodeId root = engine.root(random.ints(prompt, 3, 128000).toArray());
    List<NodeId> branches = engine.fork(root, prompt, leaves);
    for (NodeId b : branches) {
      if (own > 0) {
        engine.extend(b, random.ints(own, 3, 128000).toArray(), false);
      }
    }
    Driver.drain(engine);
    for (int i = 0; i < leaves; i++) {
      engine.decode(
          branches.get(i),
          DecodeSpec.of(steps).temperature(temperature).topP(topP).seed(1, i).build());
    }
    List<Double> millis = new ArrayList<>();
    Profile profile = Boolean.getBoolean("profile") ? new Profile() : null;
    while (engine.busy()) {
      long t = System.nanoTime();
      int rows = engine.step(e -> {});
      double ms = (System.nanoTime() - t) * 1e-6;
      if (rows == leaves) {
        millis.add(ms);
      }
    }
    engine.release(root);
    if (profile != null) {
      profile.print();
    }
    double[] sorted =
        millis.stream().skip(millis.size() / 3).mapToDouble(d -> d).sorted().toArray();
    System.out.printf(
        Locale.ROOT,
        "%-28s median %.3f ms, best %.3f, worst %.3f of %d steps; first %s%n",
        what,
        sorted[sorted.length / 2],
        sorted[0],
        sorted[sorted.length - 1],
        sorted.length,
        Arrays.toString(millis.stream().limit(4).mapToInt(d -> (int) (d * 1000)).toArray()));
  }

  /** Where the main thread is, asked for again and again. */
  private static final class Profile {
    private final Thread main = Thread.currentThread();
    private final java.util.Map<String, Integer> count = new java.util.TreeMap<>();
    private final Thread asking = new Thread(this::ask);
    private volatile boolean ended;
    private int all;

    Profile() {
      asking.setDaemon(true);
      asking.start();
    }

    private void ask() {
      long from = System.nanoTime() + 500_000_000;
      while (!ended) {
        java.util.concurrent.locks.LockSupport.parkNanos(150_000);
        if (System.nanoTime() < from) {
          continue;
        }
        StringBuilder path = new StringBuilder();
        int frames = 0;
        for (StackTraceElement e : main.getStackTrace()) {
          if (e.getClassName().startsWith("org.deft4j") && frames++ < 4) {
            path.insert(
                0,
                e.getClassName().replaceAll(".*\\.", "")
                    + "."
                    + e.getMethodName()
                    + ":"
                    + e.getLineNumber()
                    + " ");
          }
        }
        count.merge(path.toString(), 1, Integer::sum);
        all++;
      }
    }

    void print() {
      ended = true;
      count.entrySet().stream()
          .sorted((a, b) -> b.getValue() - a.getValue())
          .limit(25)
          .forEach(
              e -> System.out.printf("  %5.2f %% %s%n", 100.0 * e.getValue() / all, e.getKey()));
    }
  }
}

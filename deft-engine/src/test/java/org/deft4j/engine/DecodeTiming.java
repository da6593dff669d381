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
            .withKvMemory(4L << 30)
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
    while (engine.busy()) {
      long t = System.nanoTime();
      int rows = engine.step(e -> {});
      double ms = (System.nanoTime() - t) * 1e-6;
      if (rows == leaves) {
        millis.add(ms);
      }
    }
    engine.release(root);
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
}

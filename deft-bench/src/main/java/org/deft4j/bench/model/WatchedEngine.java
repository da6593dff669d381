package org.deft4j.bench.model;

import java.util.function.BooleanSupplier;
import org.deft4j.engine.EngineOptions;
import org.deft4j.engine.TreeEngine;
import org.deft4j.engine.gguf.GgufFile;
import org.deft4j.kernels.Backend;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.NodeId;

/**
 * An engine whose backend's operations can be recorded.
 *
 * @param engine decodes
 * @param recorder of its backend
 */
public record WatchedEngine(TreeEngine engine, StepRecorder recorder) implements AutoCloseable {
  private static final long WARM_UP_NANOS = 1_500_000_000;
  private static final int WARM_UP_STEPS = 400;

  /**
   * Steps before a backend is asked whether it has settled: the first ones of new branches compute
   * their prompts.
   */
  private static final int FIRST_STEPS = 3;

  /** Opens a model on a backend; closes both if it cannot. */
  public static WatchedEngine open(GgufFile file, EngineOptions options, Backend backend) {
    StepRecorder recorder = new StepRecorder(backend);
    return new WatchedEngine(TreeEngine.open(file, options, recorder.watched()), recorder);
  }

  /** Steps until nothing is asked for. */
  public void drain() {
    while (engine.busy()) {
      engine.step(_ -> {});
    }
  }

  /**
   * A root with a computed prompt of this many arbitrary tokens; longer ones begin as shorter do,
   * so that what was computed once is found in the cache. Its logits are not kept: the first
   * branches below it compute them, as branches further down do.
   */
  public NodeId prompt(int tokens) {
    NodeId root = engine.root(tokens(tokens, 0));
    NodeId probe = engine.fork(root, 1).getFirst();
    engine.extend(probe, new int[] {0}, false);
    drain();
    engine.release(probe);
    return root;
  }

  /**
   * Decodes branches that are thrown away until what runs on the host is compiled: the first of
   * several measurements would pay for all.
   */
  public void warmUp(int branches, float temperature) {
    long end = System.nanoTime() + WARM_UP_NANOS;
    decodeWhile(branches, 64, temperature, () -> System.nanoTime() < end);
  }

  /**
   * Decodes branches that are thrown away until the backend has {@linkplain Backend#settled found
   * out} how to run passes of so many rows.
   *
   * @param context tokens above the branches
   * @return whether there was anything to find out
   */
  public boolean settle(int branches, int context, float temperature) {
    int[] steps = {0};
    decodeWhile(
        branches,
        context,
        temperature,
        () -> steps[0]++ < FIRST_STEPS || !recorder.watched().settled());
    return steps[0] > FIRST_STEPS + 1;
  }

  private void decodeWhile(int branches, int context, float temperature, BooleanSupplier goOn) {
    NodeId root = prompt(context);
    int i = 0;
    for (NodeId leaf : engine.fork(root, branches)) {
      engine.decode(
          leaf,
          DecodeSpec.of(WARM_UP_STEPS).temperature(temperature).topK(50).seed(2, i++).build());
    }
    try {
      while (engine.busy() && goOn.getAsBoolean()) {
        engine.step(_ -> {});
      }
    } catch (DeftException e) {
      if (e.exitCode() != DeftException.OUT_OF_MEMORY) {
        throw e;
      }
      // Little memory for keys and values: a shorter warm-up.
    } finally {
      engine.release(root);
    }
  }

  /** Arbitrary tokens, other ones for each seed. */
  public int[] tokens(int n, int seed) {
    int vocabulary = engine.codec().vocabularySize();
    int[] tokens = new int[n];
    for (int i = 0; i < n; i++) {
      tokens[i] = Math.floorMod(i * 7919 + seed * 104_729 + (i >> 7) * 31, vocabulary);
    }
    return tokens;
  }

  @Override
  public void close() {
    engine.close();
  }
}

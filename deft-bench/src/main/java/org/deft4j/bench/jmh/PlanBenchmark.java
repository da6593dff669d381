package org.deft4j.bench.jmh;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.deft4j.tree.Forest;
import org.deft4j.tree.PagePool;
import org.deft4j.tree.RowBatch;
import org.deft4j.tree.RowLayout;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.AttentionPlan;
import org.deft4j.tree.plan.AttentionPlanner;
import org.deft4j.tree.plan.PlanOptions;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Host time of one decode step's plan. The leaves grew side by side, one token a step, in pages of
 * 16 tokens.
 *
 * <p>{@code plan} makes the plan of a known layout; {@code step} first orders the rows, as an engine
 * does each step. Targets for flatten, node and node-chunk: under 5 us for {@code medium}, under 30
 * us for {@code large}.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class PlanBenchmark {
  /** 64 leaves, 100 segments, 8k tokens; 256 leaves, 400 segments, 100k tokens. */
  @Param({"medium", "large"})
  private String tree = "";

  /** The grouping. */
  @Param({"flatten", "node", "node-chunk", "sequence", "radix", "tree-mask", "tree-mask-bits"})
  private String method = "";

  private final Random random = new Random(1);
  private Forest forest = new Forest(new PagePool(16, 1));
  private RowBatch batch = new RowBatch(forest);
  private int[] leaves = {};
  private AttentionPlanner planner = new AttentionPlanner(AttentionMethod.FLATTEN);
  private RowLayout layout = batch.layout();

  /** Builds the tree. */
  @Setup
  public void setUp() {
    boolean large = tree.equals("large");
    int slots = large ? 1 << 22 : 1 << 18;
    forest = new Forest(new PagePool(16, slots / 16));
    batch = new RowBatch(forest);
    leaves = large ? grow(256, 143, 4000, 240) : grow(64, 35, 1000, 70);
    AttentionMethod m = AttentionMethod.of(method);
    planner = new AttentionPlanner(m, PlanOptions.DEFAULT);
    for (int leaf : leaves) {
      forest.append(leaf, 0);
      batch.add(leaf, 1);
    }
    layout = batch.layout();
    planner.plan(layout);
  }

  /** A prompt, inner segments below random ones, and leaves; all but the prompt grow together. */
  private int[] grow(int leafCount, int innerCount, int promptTokens, int tokensEach) {
    int prompt = forest.root(new int[promptTokens]);
    forest.setFilled(prompt, promptTokens);
    int[] inner = new int[innerCount];
    for (int i = 0; i < innerCount; i++) {
      inner[i] = forest.child(prompt);
    }
    fill(inner, tokensEach);
    int[] leaf = new int[leafCount];
    for (int i = 0; i < leafCount; i++) {
      int parent = i < innerCount ? inner[i] : inner[random.nextInt(innerCount)];
      leaf[i] = forest.child(parent);
    }
    fill(leaf, tokensEach);
    return leaf;
  }

  private void fill(int[] segments, int tokens) {
    for (int t = 0; t < tokens; t++) {
      for (int s : segments) {
        forest.append(s, t);
      }
    }
    for (int s : segments) {
      forest.setFilled(s, tokens);
    }
  }

  /** The plan alone. */
  @Benchmark
  public AttentionPlan plan() {
    return planner.plan(layout);
  }

  /** The rows in order, and the plan. */
  @Benchmark
  public AttentionPlan step() {
    return planner.plan(batch.layout());
  }
}

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
 * <p>Targets for flatten, node and node-chunk: under 5 us for {@code medium}, under 30 us for
 * {@code large}.
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
  private long steps;
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

  /** The plan of a known layout, made anew: after a change of the tree's structure. */
  @Benchmark
  public AttentionPlan anew() {
    return planner.planAnew(layout);
  }

  /** The rows put in order, and the plan made anew. */
  @Benchmark
  public AttentionPlan orderAndAnew() {
    batch.clear();
    for (int leaf : leaves) {
      batch.add(leaf, forest.filled(leaf), 1);
    }
    forest.release(forest.child(leaves[0]));
    return planner.planAnew(batch.layout());
  }

  /**
   * A decode step as an engine takes it: each leaf gets a token and a row, then order, plan and
   * commit. Every 100 steps all leaves are pruned and forked anew.
   */
  @Benchmark
  public AttentionPlan decodeStep() {
    if (++steps % 100 == 0) {
      for (int i = 0; i < leaves.length; i++) {
        int parent = forest.parent(leaves[i]);
        int length = forest.filled(leaves[i]) - 100;
        int fresh = forest.child(parent);
        forest.append(fresh, new int[length], 0, length);
        forest.setFilled(fresh, length);
        forest.release(leaves[i]);
        leaves[i] = fresh;
      }
    }
    batch.clear();
    for (int leaf : leaves) {
      if (forest.filled(leaf) == forest.length(leaf)) {
        forest.append(leaf, 0);
      }
      batch.add(leaf, 1);
    }
    AttentionPlan plan = planner.plan(batch.layout());
    batch.commit();
    return plan;
  }
}

package org.deft4j.bench.replay;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.deft4j.engine.model.ModelConfig;
import org.deft4j.engine.model.Transformer;
import org.deft4j.kernels.Backend;
import org.deft4j.kernels.Batch;
import org.deft4j.kernels.KvCache;
import org.deft4j.kernels.KvShape;
import org.deft4j.kernels.KvType;
import org.deft4j.kernels.RowSummary;
import org.deft4j.tree.Forest;
import org.deft4j.tree.PagePool;
import org.deft4j.tree.RowBatch;
import org.deft4j.tree.RowLayout;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.AttentionPlan;
import org.deft4j.tree.plan.AttentionPlanner;
import org.deft4j.tree.plan.IoLedger;
import org.deft4j.tree.plan.KvGeometry;

/** A text and the draft tree below it, on a model: verifies, accepts, drafts again. */
final class DraftVerifier implements AutoCloseable {
  private static final int PAGE_SIZE = 16;
  private static final int CHUNK = 512;

  private final Transformer model;
  private final Backend backend;
  private final DraftRecording recording;
  private final KvCache kv;
  private final Forest forest;
  private final RowBatch rows;
  private final Batch batch = new Batch();
  private final KvGeometry geometry;
  private final RowSummary best = new RowSummary();
  private final List<List<Integer>> paths;
  private final int root;
  private AttentionPlanner planner = new AttentionPlanner(AttentionMethod.FLATTEN);
  private IoLedger io = IoLedger.ZERO;
  private int text;
  private int steps;
  private int likeliest;

  /**
   * Computes the text.
   *
   * @param accepted tokens that it grows by at most
   */
  DraftVerifier(
      Transformer model, Backend backend, DraftRecording recording, int prompt, int accepted) {
    this.model = model;
    this.backend = backend;
    this.recording = recording;
    ModelConfig c = model.config();
    int drafts = recording.file().tokens();
    int slots =
        Math.ceilDiv(prompt + accepted + 64 + (drafts + 8) * PAGE_SIZE, PAGE_SIZE) * PAGE_SIZE;
    KvType type = backend.kvType(model.matrixType());
    kv = backend.kvCache(new KvShape(c.layers(), c.kvHeads(), c.headDim(), slots, type));
    forest = new Forest(new PagePool(PAGE_SIZE, slots / PAGE_SIZE));
    rows = new RowBatch(forest);
    geometry = new KvGeometry(c.heads(), c.kvHeads(), c.headDim(), type.bytes(), Float.BYTES);
    paths = new ArrayList<>();
    paths.add(List.of());
    paths.addAll(recording.file().paths());
    paths.sort((a, b) -> Integer.compare(a.size(), b.size()));
    int[] tokens = new int[prompt];
    for (int i = 0; i < prompt; i++) {
      tokens[i] = Math.floorMod(i * 7919, c.vocabulary());
    }
    root = forest.root(tokens);
    compute(root);
    text = forest.child(root);
  }

  /** The method of the next steps. */
  void method(AttentionMethod method) {
    planner.close();
    planner = new AttentionPlanner(method);
  }

  /** Steps that are done. */
  int steps() {
    return steps;
  }

  /** What one layer's attention moved so far. */
  IoLedger io() {
    return io;
  }

  /** Back to the text as it was at first. */
  void rewind() {
    forest.release(text);
    text = forest.child(root);
    steps = 0;
  }

  /** Goes on to a step; what was accepted before it is computed as a prompt is. */
  void skipTo(int step) {
    int grown = 0;
    while (steps < step) {
      grown += recording.accepted(++steps);
    }
    if (grown > 0) {
      int[] tokens = new int[grown];
      Arrays.fill(tokens, likeliest);
      forest.append(text, tokens, 0, grown);
      compute(text);
    }
  }

  private void compute(int segment) {
    AttentionPlanner prompts = new AttentionPlanner(AttentionMethod.FLATTEN);
    while (forest.filled(segment) < forest.length(segment)) {
      rows.clear();
      rows.add(segment, Math.min(CHUNK, forest.length(segment) - forest.filled(segment)));
      forward(prompts, rows.layout());
      rows.commit();
    }
    prompts.close();
  }

  /**
   * Drafts, verifies, accepts.
   *
   * @return rows computed
   */
  int step() {
    List<Integer> drafts = draft();
    rows.clear();
    drafts.forEach(s -> rows.add(s, 1));
    RowLayout layout = rows.layout();
    AttentionPlan plan = forward(planner, layout);
    io = io.plus(plan.ledger(geometry));
    int n = layout.rows();
    int[] all = new int[n];
    Arrays.setAll(all, i -> i);
    for (int from = 0; from < n; from += Transformer.SLICE) {
      int some = Math.min(Transformer.SLICE, n - from);
      model.logits(all, from, some);
      model.summarize(some, model.config().vocabulary(), best);
      likeliest = best.best(0);
    }
    rows.commit();
    accept(drafts, Math.min(recording.accepted(++steps), drafts.size()));
    return n;
  }

  private List<Integer> draft() {
    Map<List<Integer>, Integer> made = new HashMap<>();
    List<Integer> drafts = new ArrayList<>();
    for (List<Integer> path : paths) {
      int above = text;
      if (!recording.flat() && !path.isEmpty()) {
        above = Objects.requireNonNull(made.get(path.subList(0, path.size() - 1)));
      }
      int s = forest.child(above);
      forest.append(s, likeliest);
      made.put(path, s);
      drafts.add(s);
    }
    return drafts;
  }

  private AttentionPlan forward(AttentionPlanner by, RowLayout layout) {
    AttentionPlan plan = by.plan(layout);
    int n = layout.rows();
    batch.reset(n);
    System.arraycopy(layout.rowToken(), 0, batch.tokens(), 0, n);
    System.arraycopy(layout.rowPosition(), 0, batch.positions(), 0, n);
    System.arraycopy(layout.rowSlot(), 0, batch.slots(), 0, n);
    batch.plan(plan);
    model.forward(batch, kv);
    return plan;
  }

  /**
   * The first drafts become text: their keys and values move, nothing is computed again. A slot
   * that is freed may be one that is taken, so that a token may get those of another draft; the
   * time is the same.
   */
  private void accept(List<Integer> drafts, int n) {
    int[] from = new int[n];
    int[] tokens = new int[n];
    for (int i = 0; i < n; i++) {
      from[i] = forest.slot(drafts.get(i), 0);
      tokens[i] = forest.token(drafts.get(i), 0);
    }
    drafts.reversed().forEach(forest::release);
    if (n > 0) {
      int before = forest.length(text);
      forest.append(text, tokens, 0, n);
      int[] to = new int[n];
      for (int i = 0; i < n; i++) {
        to[i] = forest.slot(text, before + i);
      }
      backend.copyKv(kv, from, to, n);
      forest.setFilled(text, before + n);
    }
  }

  @Override
  public void close() {
    planner.close();
    kv.close();
  }
}

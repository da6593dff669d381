package org.deft4j.engine;

import java.util.Arrays;
import java.util.List;
import org.deft4j.engine.model.ModelConfig;
import org.deft4j.engine.model.Transformer;
import org.deft4j.kernels.Backend;
import org.deft4j.kernels.Batch;
import org.deft4j.kernels.KvCache;
import org.deft4j.kernels.KvShape;
import org.deft4j.kernels.KvType;
import org.deft4j.tree.CopyList;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.Forest;
import org.deft4j.tree.RowLayout;
import org.deft4j.tree.decode.DecoderStats;
import org.deft4j.tree.decode.FinishReason;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.AttentionPlan;
import org.deft4j.tree.plan.AttentionPlanner;
import org.deft4j.tree.plan.IoLedger;
import org.deft4j.tree.plan.KvGeometry;
import org.deft4j.tree.plan.PlanOptions;
import org.jspecify.annotations.Nullable;

/** Runs steps: chooses rows, computes them, answers requests, counts. */
final class Stepper implements AutoCloseable {
  /** Rows that prompts get in a step however many branches decode. */
  private static final int LEAST_PREFILL = 16;

  private final EngineOptions options;
  private final Backend backend;
  private final Transformer model;
  private final Forest forest;
  private final int context;
  private final KvCache kv;
  private final StepRows rows;
  private final Answers answers;
  private AttentionPlanner planner;
  private final KvGeometry geometry;
  private final Batch batch = new Batch();
  private final Ahead ahead;
  private final Waiting[] turns = {new Waiting(), new Waiting()};

  /** What the last step draws, if it is not read. */
  private @Nullable Waiting waiting;

  /** Why tokens were lost that branches went on from. */
  private @Nullable DeftException broken;

  private int[] copyFrom = new int[0];
  private int[] copyTo = new int[0];

  private long steps;
  private long allRows;
  private long prefilled;
  private long recomputed;
  private long lost;
  private IoLedger io = IoLedger.ZERO;

  Stepper(
      EngineOptions options,
      Backend backend,
      Transformer model,
      Forest forest,
      KvType kvType,
      int tokens,
      int context) {
    this.options = options;
    this.backend = backend;
    this.model = model;
    this.forest = forest;
    this.context = context;
    ModelConfig c = model.config();
    KvShape shape =
        new KvShape(c.layers(), c.kvHeads(), c.headDim(), forest.pool().capacity(), kvType);
    try {
      kv = backend.kvCache(shape);
    } catch (DeftException e) {
      throw e.exitCode() != DeftException.OUT_OF_MEMORY
          ? e
          : new DeftException(
              DeftException.OUT_OF_MEMORY, e.getMessage() + "; give less with --kv-memory", e);
    }
    rows = new StepRows(forest);
    answers = new Answers(forest, rows, c.vocabulary(), tokens, context);
    planner = planner(options.attention());
    ahead = new Ahead(backend.samplesLater());
    geometry = new KvGeometry(c.heads(), c.kvHeads(), c.headDim(), kvType.bytes(), Float.BYTES);
  }

  private AttentionPlanner planner(AttentionMethod method) {
    return new AttentionPlanner(
        method, PlanOptions.DEFAULT.withDeterministic(options.deterministic()));
  }

  /** Plans by another method from now on. */
  void attention(AttentionMethod method) {
    if (planner.method() != method) {
      planner.close();
      planner = planner(method);
    }
  }

  /** Whether passes may be begun before the one before is read. */
  void ahead(boolean on) {
    ahead.allow(on);
  }

  Answers answers() {
    return answers;
  }

  /** Throws what made a part of the last step fail. */
  void rethrow() {
    DeftException e = answers.failure;
    answers.failure = null;
    if (e != null) {
      throw e;
    }
  }

  /**
   * One forward pass for these busy nodes, which stand in the order of their ids.
   *
   * <p>Where the backend draws tokens while the host goes on, the pass is begun with the tokens
   * that the one before it draws and nobody read yet; then those are read and told. So a pass is
   * always one ahead of what the caller knows, and the first call makes two. Branches that decode
   * get a token a call all the same. What is asked for meanwhile joins the next pass; where that
   * needs logits on the host, the call before it reads only.
   *
   * @return rows of the passes that this call began
   */
  int step(List<Node> busy) {
    if (broken != null) {
      fail(broken);
      return 0;
    }
    makeResident(busy);
    for (Node n : busy) {
      if (n.cancelled) {
        answers.cancel(n);
      }
    }
    Waiting before = waiting;
    waiting = null;
    if (before != null && !before.wanted()) {
      before.abandon();
      before = null;
    }
    if (before == null) {
      int computed = pass(busy, null);
      before = waiting;
      waiting = null;
      return before == null ? computed : computed + follow(busy, before, false);
    }
    return follow(busy, before, true);
  }

  /**
   * Reads what a pass draws, beginning the next one first where that is worth while.
   *
   * @param others whether the next pass is worth while without these branches, too
   */
  private int follow(List<Node> busy, Waiting before, boolean others) {
    int computed = 0;
    boolean read = false;
    try {
      try {
        if (ahead.worthWhile() && answers.allDrawn(busy) && (answers.place(before) > 0 || others)) {
          makeResident(busy);
          computed = pass(busy, before);
        }
      } catch (DeftException e) {
        fail(e);
      }
      answers.read(before, model, ahead);
      read = true;
    } catch (DeftException e) {
      broken = e;
      fail(e);
    } finally {
      if (!read) {
        // Branches hold tokens that nobody will know: nothing goes on from here.
        if (broken == null) {
          broken =
              new DeftException(
                  DeftException.RUNTIME,
                  "an earlier step failed and its tokens are lost; open the model anew");
        }
        before.abandon();
        if (waiting != null) {
          waiting.abandon();
          waiting = null;
        }
      }
    }
    return computed;
  }

  /** Another tree with the same prompt may have demoted what these nodes see. */
  private void makeResident(List<Node> busy) {
    for (Node n : busy) {
      if (!forest.resident(n.segment)) {
        restore(n);
        n.ready = false;
      }
    }
  }

  /**
   * A forward pass for what is not waiting. Its tokens are left to be read as {@link #waiting}
   * where that can be.
   *
   * @param before tokens that are not read; they are if they have to be
   */
  private int pass(List<Node> busy, @Nullable Waiting before) {
    for (Node n : busy) {
      if (!n.waits) {
        atOnce(n);
      }
    }
    choose(busy);
    boolean nothing = rows.isEmpty();
    int computed = nothing ? 0 : forward(before);
    for (Node n : busy) {
      if (n.refilled && (nothing || computed > 0)) {
        n.refill = false;
      }
      if (n.request instanceof Request.Extend e
          && e.done
          && e.known == e.logProbs.length
          && answers.failure == null) {
        answers.extended(n, e);
      }
    }
    return computed;
  }

  /** Does what needs no forward pass. */
  private void atOnce(Node n) {
    switch (n.request) {
      case Request.Decode d -> {
        if (n.pathLength() >= context) {
          answers.finish(n, d, FinishReason.CONTEXT_FULL);
        } else {
          answers.fromKept(n);
        }
      }
      case Request.Choices _ -> answers.fromKept(n);
      case Request.Extend e -> {
        if (e.known < e.logProbs.length && e.known == 0) {
          answers.fromKept(n);
        }
      }
      case null -> {}
    }
  }

  /** Picks this step's rows: first one for each decoding branch, then prompts and extensions. */
  private void choose(List<Node> busy) {
    rows.begin(options.chunk());
    for (Node n : busy) {
      if (n.request instanceof Request.Decode && !n.waits && rows.lacksNewestOnly(n)) {
        rows.addNewest(n.segment);
        rows.want(n, n.pathLength() - 1, 0);
      }
    }
    rows.leaveFor(LEAST_PREFILL);
    for (Node n : busy) {
      switch (n.request) {
        case Request.Decode _ when n.waits || rows.lacksNewestOnly(n) -> {}
        case Request.Decode _ -> whole(n);
        case Request.Choices _ -> whole(n);
        case Request.Extend e -> extension(n, e);
        case null -> {}
      }
      n.refilled = n.refill && rows.addPath(n, n.pathLength() - 1) == n.pathLength() - 1;
    }
  }

  private void whole(Node n) {
    int end = n.pathLength();
    if (rows.addPath(n, end) == end) {
      rows.want(n, end - 1, 0);
    }
  }

  /** The last token of an extension is left for the request that follows it there. */
  private void extension(Node n, Request.Extend e) {
    int end = e.end() - 1;
    int reached = rows.addPath(n, end);
    int before = rows.computedBefore;
    for (int i = e.known; i < e.logProbs.length; i++) {
      int position = e.first + i - 1;
      if (position >= reached) {
        return;
      }
      if (position >= before || i == e.known) {
        rows.want(n, position, i);
      }
    }
    e.done = reached == end;
  }

  /** Computes and answers; what fails is told when the events of what did not are. */
  private int forward(@Nullable Waiting before) {
    RowLayout layout = rows.layout();
    try {
      compute(layout);
    } catch (DeftException e) {
      // Private copies that found no room, or a step that was not made: none of them counts.
      planner.close();
      fail(e);
      return 0;
    }
    rows.commit();
    try {
      Waiting free = before == turns[0] ? turns[1] : turns[0];
      if (ahead.possible() && answers.later(layout, model, free)) {
        waiting = free;
        return layout.rows();
      }
      if (before != null && rows.wants() > 0) {
        throw new IllegalStateException("what is asked of the host was not foreseen");
      }
      answers.fromForward(layout, model);
    } catch (DeftException e) {
      fail(e);
    }
    return layout.rows();
  }

  private void fail(DeftException e) {
    if (answers.failure == null) {
      answers.failure = e;
    }
  }

  private void compute(RowLayout layout) {
    AttentionPlan plan = planner.plan(layout);
    copy(planner.copies());
    int n = layout.rows();
    batch.reset(n);
    System.arraycopy(layout.rowToken(), 0, batch.tokens(), 0, n);
    System.arraycopy(layout.rowPosition(), 0, batch.positions(), 0, n);
    System.arraycopy(layout.rowSlot(), 0, batch.slots(), 0, n);
    batch.plan(plan);
    model.forward(batch, kv);
    steps++;
    allRows += n;
    io = io.plus(plan.ledger(geometry).times(model.config().layers()));
    int old = (int) Math.min(lost, rows.prefilled);
    lost -= old;
    prefilled += rows.prefilled - old;
    recomputed += old + rows.again;
  }

  private void copy(CopyList copies) {
    int n = Math.toIntExact(copies.tokens());
    if (n == 0) {
      return;
    }
    if (copyFrom.length < n) {
      copyFrom = new int[Math.max(n, copyFrom.length * 2)];
      copyTo = Arrays.copyOf(copyFrom, copyFrom.length);
    }
    int k = 0;
    for (int i = 0; i < copies.size(); i++) {
      for (int j = 0; j < copies.length()[i]; j++) {
        copyFrom[k] = copies.source()[i] + j;
        copyTo[k++] = copies.target()[i] + j;
      }
    }
    backend.copyKv(kv, copyFrom, copyTo, n);
  }

  /** Gives the path of a node its slots again; returns how many tokens had lost theirs. */
  int restore(Node node) {
    int missing = lost(node);
    forest.restore(node.segment);
    lost += missing;
    return missing;
  }

  /** Tokens on the path of a node that have no slots. */
  int lost(Node node) {
    int missing = 0;
    for (int s = node.segment; s != Forest.NONE; s = forest.parent(s)) {
      missing += forest.resident(s) ? 0 : forest.length(s);
    }
    return missing;
  }

  long kvBytesPerToken() {
    return kv.shape().bytesPerToken();
  }

  DecoderStats stats(long reused) {
    long token = kv.shape().bytesPerToken();
    return new DecoderStats(
        steps,
        allRows,
        answers.sampled,
        prefilled,
        reused,
        recomputed,
        forest.slotsInUse() * token,
        forest.slotsShared() * token,
        io);
  }

  EngineInfo info(String file) {
    return new EngineInfo(
        file,
        model.config(),
        model.parameters(),
        model.weightType(),
        model.weightBytes(),
        backend.info(),
        planner.method(),
        kv.shape().type(),
        kv.bytes(),
        kv.shape().slots(),
        context);
  }

  @Override
  public void close() {
    planner.close();
    backend.close();
  }
}

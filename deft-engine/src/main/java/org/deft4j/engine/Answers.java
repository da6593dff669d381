package org.deft4j.engine;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.deft4j.engine.model.Transformer;
import org.deft4j.engine.sample.Sampler;
import org.deft4j.kernels.Batch;
import org.deft4j.kernels.RowSummary;
import org.deft4j.kernels.Tensor;
import org.deft4j.kernels.sample.Draws;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.Forest;
import org.deft4j.tree.RowLayout;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.FinishReason;
import org.jspecify.annotations.Nullable;

/** Turns logits to what requests wait for, and collects the events of a step. */
final class Answers {
  private final Forest forest;
  private final StepRows step;
  private final Sampler sampler;
  private final KeptLogits kept;
  private final int context;
  private final int tokens;
  private final RowSummary summary = new RowSummary();
  private final Draws draws = new Draws();
  private final float[] row;
  private int[] rows = new int[16];
  private final List<DecodeEvent> events = new ArrayList<>();

  /** Tokens sampled so far. */
  long sampled;

  /** The first failure of the step: told when all branches had their turn. */
  @Nullable DeftException failure;

  /**
   * For a model of this shape.
   *
   * @param vocabulary logits a row
   * @param tokens of these, tokens that exist
   */
  Answers(Forest forest, StepRows step, int vocabulary, int tokens, int context) {
    this.forest = forest;
    this.step = step;
    this.context = context;
    this.tokens = tokens;
    sampler = new Sampler(tokens);
    kept = new KeptLogits(vocabulary);
    row = new float[vocabulary];
  }

  /** The events so far in the order of nodes, each node's as they happened; then none is left. */
  List<DecodeEvent> take() {
    List<DecodeEvent> out = new ArrayList<>(events);
    out.sort(Comparator.comparing(DecodeEvent::node));
    events.clear();
    return out;
  }

  /** Rows of the wants in this order, each once, into {@link #rows}; how many. */
  private int distinctRows(long[] order, int wants) {
    if (rows.length < wants) {
      rows = new int[Math.max(wants, rows.length * 2)];
    }
    int distinct = 0;
    for (int i = 0; i < wants; i++) {
      int r = (int) (order[i] >>> 32);
      if (distinct == 0 || rows[distinct - 1] != r) {
        rows[distinct++] = r;
      }
    }
    return distinct;
  }

  /**
   * Has all wants of a forward pass drawn without waiting for the tokens, if the backend draws all
   * of them.
   *
   * @param into is overwritten
   * @return false if that cannot be: then nothing happened
   */
  boolean later(RowLayout layout, Transformer model, Waiting into) {
    int wants = step.wants();
    for (int w = 0; w < wants; w++) {
      if (drawn(step.wantNode(w)) == null) {
        return false;
      }
    }
    long[] order = step.ordered(layout);
    int distinct = distinctRows(order, wants);
    if (wants == 0 || distinct > Transformer.SLICE) {
      return false;
    }
    into.clear();
    model.logits(rows, 0, distinct);
    for (int i = 0, w = 0; i < distinct; i++) {
      for (; w < wants && (int) (order[w] >>> 32) == rows[i]; w++) {
        Node node = step.wantNode((int) order[w]);
        if (drawn(node) instanceof Request.Decode d) {
          into.add(i, node, d);
        }
      }
    }
    try {
      model.sampleLater(tokens, into.draws);
    } catch (DeftException e) {
      into.abandon();
      throw e;
    }
    return true;
  }

  /** Whether a step of these nodes could be left to the backend to the last: see {@link #later}. */
  boolean allDrawn(List<Node> busy) {
    int decoding = 0;
    for (Node n : busy) {
      boolean drawn =
          switch (n.request) {
            case Request.Decode _ -> drawn(n) != null && ++decoding <= Transformer.SLICE;
            case Request.Choices _ -> false;
            case Request.Extend e -> e.known == e.logProbs.length;
            case null -> true;
          };
      if (!drawn) {
        return false;
      }
    }
    return true;
  }

  /**
   * Appends the tokens that are on their way, so that a step can be begun with them: those of
   * branches that go on whatever they are.
   *
   * @return how many
   */
  int place(Waiting drawn) {
    int placed = 0;
    for (int i = 0; i < drawn.size(); i++) {
      Node node = drawn.node(i);
      Request.Decode d = drawn.request(i);
      if (!drawn.wanted(i) || !goesOn(node, d)) {
        continue;
      }
      try {
        grow(node, Batch.drawn(i));
      } catch (DeftException e) {
        continue; // there may be room when it is read
      }
      drawn.place(i);
      node.waits = false;
      placed++;
    }
    return placed;
  }

  /** Whether a branch goes on after its next token, unless that ends it. */
  private boolean goesOn(Node node, Request.Decode d) {
    return d.sampled + 1 < d.spec.maxTokens() && node.pathLength() + 1 < context;
  }

  /** Reads tokens that were on their way, and tells of them. */
  void read(Waiting drawn, Transformer model, Ahead ahead) {
    model.await(drawn.draws);
    for (int i = 0; i < drawn.size(); i++) {
      if (!drawn.wanted(i)) {
        continue; // what ended the branch was counted
      }
      Node node = drawn.node(i);
      Request.Decode d = drawn.request(i);
      int token = drawn.draws.token(i);
      float logProb = drawn.draws.logProb(i);
      boolean last = !drawn.placed(i) && !goesOn(node, d);
      if (drawn.placed(i)) {
        forest.replaceLast(node.segment, token);
        took(node, d, token, logProb);
      } else {
        node.waits = false;
        append(node, d, token, logProb);
      }
      ahead.read(!last && node.request != d);
    }
    drawn.clear();
  }

  /** Answers all wants of a forward pass. */
  void fromForward(RowLayout layout, Transformer model) {
    int wants = step.wants();
    if (wants == 0) {
      return;
    }
    long[] order = step.ordered(layout);
    int distinct = distinctRows(order, wants);
    int w = 0;
    for (int from = 0; from < distinct; from += Transformer.SLICE) {
      int n = Math.min(Transformer.SLICE, distinct - from);
      Tensor logits = model.logits(rows, from, n);
      draws.clear();
      boolean all = true;
      for (int i = 0, v = w; i < n; i++) {
        for (; v < wants && (int) (order[v] >>> 32) == rows[from + i]; v++) {
          Node node = step.wantNode((int) order[v]);
          if (drawn(node) instanceof Request.Decode d) {
            draws.add(i, d.spec, node.pathLength());
          } else {
            all = false;
          }
        }
      }
      model.sample(tokens, draws);
      if (!all) {
        model.summarize(n, tokens, summary);
      }
      int draw = 0;
      for (int i = 0; i < n; i++) {
        boolean read = false;
        for (; w < wants && (int) (order[w] >>> 32) == rows[from + i]; w++) {
          Node node = step.wantNode((int) order[w]);
          if (drawn(node) instanceof Request.Decode d) {
            append(node, d, draws.token(draw), draws.logProb(draw));
            draw++;
            continue;
          }
          if (!read) {
            logits.read(i, 1, row, 0);
            read = true;
          }
          answer(node, step.wantItem((int) order[w]), row, summary.logSum(i));
        }
      }
    }
  }

  /** The request of a node whose token the backend draws, without moving logits. */
  private static Request.@Nullable Decode drawn(Node node) {
    return node.request instanceof Request.Decode d && !d.changesLogits && !node.end.shared
        ? d
        : null;
  }

  /** Answers from kept logits what can be; true if it could. */
  boolean fromKept(Node node) {
    EndPoint end = node.request instanceof Request.Extend e ? e.before : node.end;
    float[] logits = end.logits;
    if (logits == null) {
      return false;
    }
    answer(node, 0, logits, end.norm);
    return true;
  }

  private void answer(Node node, int item, float[] logits, double norm) {
    switch (node.request) {
      case Request.Decode d -> sample(node, d, logits, norm);
      case Request.Choices c -> {
        kept.keep(node.end, logits, norm);
        float[] logProbs = new float[c.tokens.length];
        for (int i = 0; i < logProbs.length; i++) {
          logProbs[i] = (float) (logits[c.tokens[i]] - norm);
        }
        node.request = null;
        events.add(new DecodeEvent.Chosen(node.id, c.tokens.clone(), logProbs));
      }
      case Request.Extend e -> {
        e.logProbs[item] = (float) (logits[e.tokens[item]] - norm);
        e.known = item + 1;
      }
      case null -> throw new IllegalStateException(node.id + " asked for nothing");
    }
  }

  private void sample(Node node, Request.Decode d, float[] logits, double norm) {
    if (node.end.shared) {
      kept.keep(node.end, logits, norm);
    }
    if (d.constraint != null && d.constraint.ended()) {
      finish(node, d, FinishReason.CONSTRAINT);
      return;
    }
    int position = node.pathLength();
    int token =
        sampler.sample(
            logits,
            d.spec,
            position,
            () -> forest.pathTokens(node.segment, 0, position),
            d.constraint);
    append(node, d, token, (float) (logits[token] - norm));
  }

  private void append(Node node, Request.Decode d, int token, float logProb) {
    try {
      grow(node, token);
    } catch (DeftException e) {
      // The branch stays as it was and samples the same token when there is room.
      if (failure == null) {
        failure = e;
      }
      return;
    }
    took(node, d, token, logProb);
  }

  /** Appends a token, if there is room. */
  private void grow(Node node, int token) {
    node.segment = forest.writable(node.segment);
    forest.append(node.segment, token);
    step.sampled(node.segment);
    node.grown(1);
  }

  /** Tells of a token that was appended, and whether it ends the request. */
  private void took(Node node, Request.Decode d, int token, float logProb) {
    int position = node.pathLength() - 1;
    sampled++;
    d.sampled++;
    d.logProb += logProb;
    if (d.constraint != null) {
      d.constraint.accept(token);
    }
    events.add(new DecodeEvent.Sampled(node.id, token, logProb, position));
    boolean stopString = d.stops != null && d.stops.accept(token);
    if (d.stopsAt(token)) {
      finish(node, d, FinishReason.STOP_TOKEN);
    } else if (stopString) {
      finish(node, d, FinishReason.STOP_STRING);
    } else if (d.constraint != null && d.constraint.ended()) {
      finish(node, d, FinishReason.CONSTRAINT);
    } else if (d.sampled >= d.spec.maxTokens()) {
      finish(node, d, FinishReason.MAX_TOKENS);
    } else if (node.pathLength() >= context) {
      finish(node, d, FinishReason.CONTEXT_FULL);
    }
  }

  /** Ends a sampling request. */
  void finish(Node node, Request.Decode d, FinishReason reason) {
    node.request = null;
    events.add(new DecodeEvent.Finished(node.id, reason, d.sampled, d.logProb));
  }

  /** Ends a request that was cancelled. */
  void cancel(Node node) {
    node.cancelled = false;
    if (node.request instanceof Request.Decode d) {
      finish(node, d, FinishReason.CANCELLED);
    } else {
      node.request = null;
      events.add(new DecodeEvent.Finished(node.id, FinishReason.CANCELLED, 0, 0));
    }
  }

  /** Ends an extension. */
  void extended(Node node, Request.Extend e) {
    node.request = null;
    events.add(new DecodeEvent.Extended(node.id, e.logProbs));
  }
}

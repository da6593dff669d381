package org.deft4j.search.driver;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.deft4j.search.spi.Stage;
import org.deft4j.search.strategy.ThoughtGenerator;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.constrain.Grammar;
import org.deft4j.tree.constrain.TokenMasks;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.FinishReason;
import org.deft4j.tree.decode.NodeId;
import org.deft4j.tree.decode.TokenCodec;
import org.jspecify.annotations.Nullable;

/**
 * A token-level beam search below one leaf, as branches of the common batch: each round asks for
 * the probabilities of all next tokens of every live hypothesis, and appends the tokens taken. A
 * hypothesis with one continuation grows in place; one with several is forked, which copies
 * nothing.
 */
final class TokenBeamRun {
  private final Lanes lanes;
  private final NodeId top;
  private final Stage stage;
  private final long budget;
  private final Consumer<TokenBeamRun> finished;
  private final int[] vocabulary;
  private final Hypotheses hypotheses;
  private final Set<Integer> ends;
  private List<NodeId> leaves;

  /** Where the live hypotheses stand in the stage's grammar; empty where it has none. */
  private List<TokenMasks.Position> positions;

  private final Map<Integer, float[]> rows = new HashMap<>();
  private int outstanding;
  private long used;
  private boolean over;
  private boolean broken;

  /**
   * Begins a search.
   *
   * @param top an idle leaf below which it takes place; the caller releases it
   * @param budget most tokens appended, over all hypotheses
   * @param finished hears once that it is over
   */
  TokenBeamRun(
      Lanes lanes,
      NodeId top,
      Stage stage,
      ThoughtGenerator.TokenBeam how,
      int maxTokens,
      long budget,
      Consumer<TokenBeamRun> finished) {
    this.lanes = lanes;
    this.top = top;
    this.stage = stage;
    this.budget = budget;
    this.finished = finished;
    TokenCodec codec = lanes.decoder().codec();
    this.ends = new HashSet<>(stage.stopTokens());
    Grammar grammar = stage.constraint();
    this.positions = grammar == null ? List.of() : List.of(lanes.masks().of(grammar).begin());
    if (grammar != null) {
      codec.endOfSequence().ifPresent(ends::add);
    }
    this.vocabulary = IntStream.range(0, codec.vocabularySize()).toArray();
    this.hypotheses =
        new Hypotheses(
            how.width(),
            how.lengthPenalty(),
            maxTokens,
            (from, tokens) -> ending(codec, from, tokens));
    this.leaves = List.of(lanes.fork(top));
    ask();
  }

  private @Nullable FinishReason ending(TokenCodec codec, int from, int[] tokens) {
    int last = tokens[tokens.length - 1];
    if (ends.contains(last)) {
      return stage.stopTokens().contains(last) ? FinishReason.STOP_TOKEN : FinishReason.CONSTRAINT;
    }
    if (!stage.stopStrings().isEmpty()) {
      String text = codec.decode(tokens);
      if (stage.stopStrings().stream().anyMatch(text::contains)) {
        return FinishReason.STOP_STRING;
      }
    }
    return !positions.isEmpty() && after(positions.get(from), last).stuck()
        ? FinishReason.CONSTRAINT
        : null;
  }

  private TokenMasks.Position after(TokenMasks.Position position, int token) {
    TokenMasks.Position next = position.copy();
    next.accept(lanes.decoder().codec().bytes(token));
    return next;
  }

  /** Forbids what the grammar does not allow next; what ends a text, where it may not end. */
  private float[] masked(TokenMasks.Position at, float[] logProbs) {
    BitSet allowed = at.allowed();
    float[] masked = new float[logProbs.length];
    Arrays.fill(masked, Float.NEGATIVE_INFINITY);
    for (int t = allowed.nextSetBit(0); t >= 0; t = allowed.nextSetBit(t + 1)) {
      masked[t] = logProbs[t];
    }
    if (at.mayEnd()) {
      ends.forEach(t -> masked[t] = logProbs[t]);
    }
    return masked;
  }

  private void ask() {
    rows.clear();
    outstanding = leaves.size();
    for (int i = 0; i < leaves.size(); i++) {
      int number = i;
      lanes.choices(
          leaves.get(i),
          vocabulary,
          event -> {
            rows.put(number, ((DecodeEvent.Chosen) event).logProbs());
            answered(this::advance);
          });
    }
  }

  private void advance() {
    List<float[]> logProbs = new ArrayList<>();
    for (int i = 0; i < leaves.size(); i++) {
      float[] row = Objects.requireNonNull(rows.get(i));
      logProbs.add(positions.isEmpty() ? row : masked(positions.get(i), row));
    }
    hypotheses.advance(vocabulary, logProbs);
    if (!positions.isEmpty()) {
      positions =
          hypotheses.live().stream()
              .map(h -> after(positions.get(h.from()), h.tokens()[h.tokens().length - 1]))
              .toList();
    }
    if (!hypotheses.over() && used + hypotheses.live().size() > budget) {
      hypotheses.cut();
    }
    if (hypotheses.over()) {
      over = true;
      finished.accept(this);
      return;
    }
    grow();
  }

  private void grow() {
    List<Hypotheses.Hypothesis> live = hypotheses.live();
    int[] children = new int[leaves.size()];
    live.forEach(h -> children[h.from()]++);
    List<NodeId> next = new ArrayList<>();
    for (Hypotheses.Hypothesis h : live) {
      NodeId from = leaves.get(h.from());
      next.add(children[h.from()] == 1 ? from : lanes.fork(from));
    }
    for (int i = 0; i < leaves.size(); i++) {
      if (children[i] == 0) {
        lanes.release(leaves.get(i));
      }
    }
    leaves = next;
    outstanding = leaves.size();
    used += leaves.size();
    for (int i = 0; i < leaves.size(); i++) {
      int[] tokens = live.get(i).tokens();
      lanes.extend(
          leaves.get(i),
          Arrays.copyOfRange(tokens, tokens.length - 1, tokens.length),
          event -> answered(this::ask));
    }
  }

  /** Goes on when all of a round are there. */
  private void answered(Runnable next) {
    if (--outstanding > 0) {
      return;
    }
    try {
      next.run();
    } catch (DeftException e) {
      // Some of the round asked for what they need, others did not: it cannot go on from here.
      broken = !over;
      forget();
      throw e;
    }
  }

  /** The best hypotheses, best first. */
  List<Hypotheses.Hypothesis> best(int count) {
    return hypotheses.best(count);
  }

  /** Tokens appended, over all hypotheses. */
  long used() {
    return used;
  }

  /** Stops waiting; the caller releases the leaf. */
  void forget() {
    if (!over) {
      over = true;
      leaves.forEach(lanes::forget);
    }
  }

  /** Whether it stopped because the decoder had no room; to be begun anew. */
  boolean broken() {
    return broken;
  }

  /** The leaf below which it takes place. */
  NodeId top() {
    return top;
  }
}

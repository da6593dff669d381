package org.deft4j.search.driver;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.budget.BudgetMeter;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.PromptLayout.Proposal;
import org.deft4j.search.spi.Stage;
import org.deft4j.tree.decode.FinishReason;
import org.deft4j.tree.decode.NodeId;
import org.jspecify.annotations.Nullable;

/** Makes thoughts of what the model wrote. */
final class Harvest {
  private final Asks asks;
  private final PromptLayout layout;
  private final ThoughtTree tree;
  private final Lanes lanes;
  private final BudgetMeter meter;

  Harvest(Asks asks, PromptLayout layout, ThoughtTree tree, Lanes lanes, BudgetMeter meter) {
    this.asks = asks;
    this.layout = layout;
    this.tree = tree;
    this.lanes = lanes;
    this.meter = meter;
  }

  /** A branch wrote a thought; gives whether it lives, and so keeps its leaf. */
  boolean grown(Job.Grow job, NodeId leaf, String text, FinishReason reason) {
    meter.settleNodes(1, 1);
    List<Thought> path = job.at.path();
    ThoughtState state = layout.read(path, job.stage.name(), job.tokens, text, reason);
    double logProb = lanes.decoder().capabilities().logProbs() ? job.logProb : Double.NaN;
    boolean dead = state instanceof ThoughtState.Dead;
    if (dead) {
      lanes.release(leaf);
    } else {
      lanes.decoder().seal(leaf);
    }
    boolean cut = job.cut && reason == FinishReason.MAX_TOKENS;
    add(
        job,
        path,
        thought(job, job.ordinal, text, state, job.tokens.size(), logProb),
        job.stage,
        Lanes.ints(job.tokens),
        dead ? null : new ThoughtTree.Point(leaf, job.tokens.size(), true),
        cut);
    return !dead;
  }

  /** A branch wrote a list of thoughts. */
  void listed(Job.Grow job, String text) {
    List<Thought> path = job.at.path();
    List<Proposal> proposals = layout.proposals(path, text);
    int n = Math.min(job.nodes, proposals.size());
    meter.settleNodes(job.nodes, n);
    for (int i = 0; i < n; i++) {
      Proposal p = proposals.get(i);
      add(
          job,
          path,
          thought(job, job.ordinal + i, p.text(), p.state(), p.tokens().size(), Double.NaN),
          null,
          Lanes.ints(p.tokens()),
          null,
          job.cut);
    }
  }

  /** A token-level beam search found thoughts, best first. */
  void found(Job.Grow job, List<Hypotheses.Hypothesis> best) {
    List<Thought> path = job.at.path();
    meter.settleNodes(job.nodes, best.size());
    for (int i = 0; i < best.size(); i++) {
      Hypotheses.Hypothesis h = best.get(i);
      List<Integer> tokens = java.util.Arrays.stream(h.tokens()).boxed().toList();
      String text = lanes.decoder().codec().decode(h.tokens());
      FinishReason reason = h.reason() == null ? FinishReason.MAX_TOKENS : h.reason();
      ThoughtState state = layout.read(path, job.stage.name(), tokens, text, reason);
      boolean cut = job.cut && reason == FinishReason.MAX_TOKENS;
      add(
          job,
          path,
          thought(job, job.ordinal + i, text, state, tokens.size(), h.logProb()),
          job.stage,
          h.tokens(),
          null,
          cut);
    }
  }

  /** A trace has a thought of this job. */
  void recorded(Job.Grow job, SearchEvent.ThoughtAdded r) {
    Stage stage = job.list && job.beam == null ? null : job.stage;
    ThoughtTree.Entry entry = tree.add(r.thought(), job.at, stage, Lanes.ints(r.tokens()));
    entry.gone = r.thought().dead();
    asks.grown(job.ask, entry, r.cut());
  }

  private static Thought thought(
      Job.Grow job, long ordinal, String text, ThoughtState state, int tokens, double logProb) {
    Thought from = job.at.thought;
    return new Thought(
        ordinal,
        from.ordinal(),
        from.depth() + 1,
        job.stage.name(),
        text,
        state,
        tokens,
        logProb,
        false,
        Optional.empty());
  }

  private void add(
      Job.Grow job,
      List<Thought> path,
      Thought bare,
      @Nullable Stage stage,
      int[] tokens,
      ThoughtTree.@Nullable Point point,
      boolean cut) {
    List<Thought> longer = new ArrayList<>(path);
    longer.add(bare);
    boolean more = !bare.dead() && layout.next(longer).isPresent();
    ThoughtTree.Entry entry = tree.add(bare.withExpandable(more), job.at, stage, tokens);
    entry.point = point;
    entry.gone = bare.dead();
    asks.grown(job.ask, entry, cut);
  }
}

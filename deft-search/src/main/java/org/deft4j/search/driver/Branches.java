package org.deft4j.search.driver;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.budget.BudgetMeter;
import org.deft4j.search.evaluate.Evaluation.Reading;
import org.deft4j.search.spi.PromptLayout.Proposal;
import org.deft4j.search.strategy.Told;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.FinishReason;
import org.deft4j.tree.decode.NodeId;
import org.jspecify.annotations.Nullable;

/** The branches of one search: those waiting for room or budget, and those at work. */
final class Branches {
  private final Search search;
  private final Lanes lanes;
  private final BudgetMeter meter;
  private final ThoughtTree.Entry root;
  private final long seed;
  private final Deque<Job> waiting = new ArrayDeque<>();
  private final Set<Job> working = new LinkedHashSet<>();
  private final Map<ThoughtTree.Point, ThoughtTree.Entry> preparing = new LinkedHashMap<>();
  private long decoded;
  private long evaluatorDecoded;
  private long resent;

  Branches(Search search, Lanes lanes, BudgetMeter meter, ThoughtTree.Entry root, long seed) {
    this.search = search;
    this.lanes = lanes;
    this.meter = meter;
    this.root = root;
    this.seed = seed;
  }

  /** A stream that no thought has: those are not negative. */
  static long evaluatorStream(long thought, int index) {
    return Long.MIN_VALUE | (thought << 16) | index;
  }

  /** How many more branches would start at once. */
  int slots() {
    return Math.max(0, lanes.free() - waiting.size());
  }

  /** Branches at work, shared prompts that are being computed included. */
  int live() {
    return working.size() + preparing.size();
  }

  long decoded() {
    return decoded;
  }

  long evaluatorDecoded() {
    return evaluatorDecoded;
  }

  /** Tokens that would have been sent had each branch sent its whole prompt. */
  long resent() {
    return resent;
  }

  void queue(Job job) {
    waiting.add(job);
  }

  /** Starts what waits, in order, as room and budget allow. */
  void start() {
    Iterator<Job> jobs = waiting.iterator();
    List<Job> refused = new ArrayList<>();
    List<Job> misfits = new ArrayList<>();
    while (jobs.hasNext() && lanes.free() > 0) {
      Job job = jobs.next();
      if (!fits(job)) {
        jobs.remove();
        misfits.add(job);
        continue;
      }
      ThoughtTree.Point point = point(job);
      if (point == null) {
        continue;
      }
      if (job instanceof Job.Write w && !reserve(w, point)) {
        if (meter.tokensOpen()) {
          continue;
        }
        jobs.remove();
        refused.add(job);
        continue;
      }
      jobs.remove();
      working.add(job);
      begin(job, point);
    }
    for (Job job : misfits) {
      job.ask.because(Told.Why.CONTEXT);
      ended(job);
    }
    for (Job job : refused) {
      search.refused(job.ask, StopReason.TOKEN_BUDGET);
      ended(job);
    }
  }

  /** Whether the model's context has room for what the job appends, and a token more. */
  private boolean fits(Job job) {
    return length(job.at) + job.prompt().size() < lanes.decoder().capabilities().contextLength();
  }

  private int length(ThoughtTree.Entry entry) {
    if (entry.point != null) {
      return lanes.decoder().pathLength(entry.point.node);
    }
    return (entry.parent == null ? 0 : length(entry.parent)) + entry.listed.size();
  }

  private boolean reserve(Job.Write job, ThoughtTree.Point point) {
    int room =
        lanes.decoder().capabilities().contextLength() - lanes.decoder().pathLength(point.node);
    job.reserved = meter.reserveTokens(Math.min(job.stage.maxTokens(), room));
    return job.reserved > 0;
  }

  /** Where the job's branch forks, computed; null if it must wait for that. */
  private ThoughtTree.@Nullable Point point(Job job) {
    ThoughtTree.Point end = end(job.at);
    if (end == null || !(job instanceof Job.Write w) || w.stage.prompt().isEmpty()) {
      return end;
    }
    ThoughtTree.Point staged = job.at.stages.get(w.stage);
    if (staged == null) {
      staged = prepare(job.at, end.node, w.stage.prompt());
      job.at.stages.put(w.stage, staged);
    }
    return staged.ready ? staged : null;
  }

  private ThoughtTree.@Nullable Point end(ThoughtTree.Entry entry) {
    if (entry.point == null) {
      ThoughtTree.Point above = entry.parent == null ? null : end(entry.parent);
      if (above == null || lanes.free() == 0) {
        return null;
      }
      entry.point = prepare(entry, above.node, entry.listed);
    }
    return entry.point.ready ? entry.point : null;
  }

  private ThoughtTree.Point prepare(ThoughtTree.Entry owner, NodeId above, List<Integer> tokens) {
    ThoughtTree.Point point = new ThoughtTree.Point(lanes.fork(above), false);
    preparing.put(point, owner);
    lanes.extend(
        point.node,
        tokens,
        event -> {
          preparing.remove(point);
          lanes.decoder().seal(point.node);
          point.ready = true;
        });
    return point;
  }

  private void begin(Job job, ThoughtTree.Point point) {
    NodeId leaf = lanes.fork(point.node);
    job.leaf = leaf;
    switch (job) {
      case Job.Write w -> {
        resent += lanes.decoder().pathLength(leaf);
        lanes.decode(leaf, spec(w), new Writing(w));
      }
      case Job.Choose c -> {
        List<Integer> prompt = c.question.prompt();
        resent += lanes.decoder().pathLength(leaf) + prompt.size();
        if (prompt.isEmpty()) {
          choose(c, leaf);
        } else {
          lanes.extend(leaf, prompt, event -> choose(c, leaf));
        }
      }
    }
  }

  private void choose(Job.Choose job, NodeId leaf) {
    lanes.choices(
        leaf,
        job.question.answers(),
        event -> {
          List<Float> logProbs = new ArrayList<>();
          for (float p : ((DecodeEvent.Chosen) event).logProbs()) {
            logProbs.add(p);
          }
          lanes.release(leaf);
          answered(job, job.scoring, job.index, new Reading(logProbs, ""));
        });
  }

  private DecodeSpec spec(Job.Write job) {
    return DecodeSpec.of(Math.toIntExact(job.reserved))
        .temperature((float) job.sampling.temperature())
        .topK(job.sampling.topK())
        .topP((float) job.sampling.topP())
        .minP((float) job.sampling.minP())
        .stopTokens(job.stage.stopTokens())
        .stopStrings(job.stage.stopStrings())
        .seed(seed, job.stream)
        .build();
  }

  /** Hears of a branch on which the model writes. */
  private final class Writing implements Lanes.Waiter {
    private final Job.Write job;

    Writing(Job.Write job) {
      this.job = job;
    }

    @Override
    public void sampled(int token, float logProb) {
      job.tokens.add(token);
      job.logProb += logProb;
      search.sampled(job.stream, token);
      if (job instanceof Job.Grow) {
        decoded++;
      } else {
        evaluatorDecoded++;
      }
    }

    @Override
    public void answered(DecodeEvent event) {
      meter.settleTokens(job.reserved, job.tokens.size());
      job.reserved = 0;
      NodeId leaf = java.util.Objects.requireNonNull(job.leaf);
      String text = lanes.decoder().codec().decode(Lanes.ints(job.tokens));
      FinishReason reason = ((DecodeEvent.Finished) event).reason();
      switch (job) {
        case Job.Grow g -> {
          if (g.list) {
            lanes.release(leaf);
            listed(g, text);
          } else {
            grown(g, leaf, text, reason);
          }
          finished(g);
        }
        case Job.Opine o -> {
          lanes.release(leaf);
          Branches.this.answered(o, o.scoring, o.index, new Reading(List.of(), text));
        }
      }
    }
  }

  private void grown(Job.Grow job, NodeId leaf, String text, FinishReason reason) {
    meter.settleNodes(1, 1);
    List<Thought> path = job.at.path();
    ThoughtState state = search.layout().read(path, job.stage.name(), job.tokens, text, reason);
    double logProb = lanes.decoder().capabilities().logProbs() ? job.logProb : Double.NaN;
    boolean dead = state instanceof ThoughtState.Dead;
    if (dead) {
      lanes.release(leaf);
    } else {
      lanes.decoder().seal(leaf);
    }
    add(
        job,
        path,
        thought(job, job.ordinal, text, state, job.tokens.size(), logProb),
        dead ? null : new ThoughtTree.Point(leaf, true),
        List.of(),
        job.tokens);
  }

  private void listed(Job.Grow job, String text) {
    List<Thought> path = job.at.path();
    List<Proposal> proposals = search.layout().proposals(path, text);
    int n = Math.min(job.nodes, proposals.size());
    meter.settleNodes(job.nodes, n);
    for (int i = 0; i < n; i++) {
      Proposal p = proposals.get(i);
      add(
          job,
          path,
          thought(job, job.ordinal + i, p.text(), p.state(), p.tokens().size(), Double.NaN),
          null,
          p.tokens(),
          p.tokens());
    }
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
      ThoughtTree.@Nullable Point point,
      List<Integer> listed,
      List<Integer> tokens) {
    List<Thought> longer = new ArrayList<>(path);
    longer.add(bare);
    boolean more = !bare.dead() && search.layout().next(longer).isPresent();
    ThoughtTree.Entry entry = search.tree().add(bare.withExpandable(more), job.at, point, listed);
    entry.gone = bare.dead();
    search.grown(job.ask, entry, tokens);
  }

  private void answered(Job job, Scoring scoring, int index, Reading reading) {
    scoring.read(index, reading);
    if (job.ask.pending == 1) {
      search.scored(scoring);
    }
    finished(job);
  }

  private void finished(Job job) {
    working.remove(job);
    search.ended(job.ask);
  }

  /** Ends these branches now and closes their asks as cancelled. */
  void drop(Predicate<Job> which) {
    List<Job> gone = new ArrayList<>();
    waiting.stream().filter(which).forEach(gone::add);
    working.stream().filter(which).forEach(gone::add);
    for (Job job : gone) {
      job.ask.because(Told.Why.CANCELLED);
      waiting.remove(job);
      working.remove(job);
      if (job.leaf != null) {
        lanes.release(job.leaf);
      }
      ended(job);
    }
  }

  /** Stops computing shared prompts at a thought and below it. */
  void dropPreparing(ThoughtTree.Entry within) {
    preparing
        .entrySet()
        .removeIf(e -> {
          boolean gone = e.getValue().within(within);
          if (gone) {
            lanes.forget(e.getKey().node);
          }
          return gone;
        });
  }

  /** Settles a job that gave nothing. */
  private void ended(Job job) {
    if (job instanceof Job.Write w && w.reserved > 0) {
      meter.settleTokens(w.reserved, w.tokens.size());
      w.reserved = 0;
    }
    if (job instanceof Job.Grow g) {
      meter.settleNodes(g.nodes, 0);
    }
    search.ended(job.ask);
  }

  /** Frees the whole tree. */
  void release() {
    waiting.clear();
    for (Job job : working) {
      if (job.leaf != null) {
        lanes.forget(job.leaf);
      }
    }
    working.clear();
    dropPreparing(root);
    if (root.point != null) {
      lanes.release(root.point.node);
    }
    search.tree().forget(root);
  }
}

package org.deft4j.search.driver;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.deft4j.search.budget.BudgetMeter;
import org.deft4j.search.budget.Usage;
import org.deft4j.search.evaluate.Evaluation.Reading;
import org.deft4j.search.spi.Stage;
import org.deft4j.search.strategy.ThoughtGenerator;
import org.deft4j.search.strategy.Told;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.FinishReason;
import org.deft4j.tree.decode.NodeId;

/** The branches of one search: those waiting for room or budget, and those at work. */
final class Branches {
  private final Asks asks;
  private final Journal journal;
  private final ThoughtTree tree;
  private final Lanes lanes;
  private final BudgetMeter meter;
  private final JobBudget budget;
  private final WidthLimit width;
  private final Points points;
  private final Harvest harvest;
  private final long seed;
  private final JobQueue queue;
  private final Recall recall;
  private final LinkedHashSet<Job> working = new LinkedHashSet<>();

  Branches(
      Asks asks,
      Journal journal,
      ThoughtTree tree,
      Lanes lanes,
      BudgetMeter meter,
      Points points,
      Harvest harvest,
      long seed,
      boolean ordered) {
    this.asks = asks;
    this.journal = journal;
    this.tree = tree;
    this.lanes = lanes;
    this.meter = meter;
    this.budget = new JobBudget(meter, lanes, ordered);
    this.width = new WidthLimit(lanes);
    this.points = points;
    this.harvest = harvest;
    this.seed = seed;
    this.queue = new JobQueue(meter, budget, ordered);
    this.recall = new Recall(asks, queue, budget, meter, harvest);
  }

  /** A stream that no thought has: those are not negative. */
  static long evaluatorStream(long thought, int index) {
    return Long.MIN_VALUE | (thought << 16) | index;
  }

  /** At most so many branches may be at work from now on; those at work go on. */
  void quota(int most) {
    width.quota(most);
  }

  /** How many more branches would start at once. */
  int slots() {
    return Math.max(0, free() - queue.size());
  }

  private int free() {
    return width.free(live());
  }

  /** Branches at work, shared prompts that are being computed included. */
  int live() {
    return working.size() + points.preparing();
  }

  /** Tokens of prompts that were found in the tree. */
  long reused() {
    return budget.reused();
  }

  /** Takes over what a trace says was spent. */
  void restore(Usage usage) {
    budget.restore(usage);
  }

  void queue(Job job) {
    queue.add(job);
  }

  /** The thoughts at which branches are at work. */
  Collection<ThoughtTree.Entry> busy() {
    return working.stream().map(j -> j.at).toList();
  }

  /** Room that the branches at work hold and do not use yet. */
  long unused() {
    long n = 0;
    for (Job job : working) {
      n += job.held - (job instanceof Job.Write w ? w.tokens.size() : job.held);
    }
    return n;
  }

  // --- beginning

  /** Starts what waits, in order, as room and budget allow. */
  void start() {
    admit();
    Iterator<Job> jobs = queue.iterator();
    List<Job> refused = new ArrayList<>();
    try {
      while (jobs.hasNext() && free() > 0) {
        Job job = jobs.next();
        if (!queue.admits(job)) {
          break;
        }
        if (!budget.fits(job)) {
          job.ask.because(Told.Why.CONTEXT);
          job.refused = true;
        } else if (!recall.remembered(job)) {
          begin(job);
        }
        if (job.refused || job.leaf != null || job.taken != null) {
          jobs.remove();
          refused.add(job);
        }
      }
    } finally {
      for (Job job : refused) {
        if (job.taken != null) {
          recall.finish((Job.Grow) job, job.taken);
        } else if (job.refused) {
          ended(job);
        }
      }
    }
  }

  private void refuse(Job job, StopReason why) {
    job.refused = true;
    asks.refused(job.ask, why);
  }

  /** Lets in what may come in; see {@link JobQueue#admit}. */
  void admit() {
    queue.admit(job -> {
      asks.refused(job.ask, budget.limit(job));
      ended(job);
    });
  }

  /** Begins a job if that is possible now; marks it as refused when it never will be. */
  private void begin(Job job) {
    Stage stage = job instanceof Job.Write w ? w.stage : null;
    Collection<ThoughtTree.Entry> busy = busy();
    ThoughtTree.Point point = points.at(job.at, stage, busy);
    if (point == null) {
      if (points.refusal != null) {
        refuse(job, points.refusal);
      }
      return;
    }
    // A shared prompt may have taken the last place, and a beam needs several; alone it begins
    // whatever there is.
    int texts = job instanceof Job.Write w ? w.texts() : 1;
    if (free() <= 0 || free() < texts && live() > 0) {
      return;
    }
    if (job instanceof Job.Write w && w.reserved == 0 && !budget.reserve(w)) {
      if (!meter.tokensOpen()) {
        refuse(job, budget.limit(job));
      }
      return;
    }
    long room = JobBudget.room(job);
    long prompt = job instanceof Job.Choose ? job.prompt().size() : 0;
    if (!points.room(room, job.at, busy) || !meter.allowsPrefill(prompt)) {
      budget.giveBack(job);
      if (!meter.allowsPrefill(prompt)) {
        refuse(job, StopReason.PREFILL_BUDGET);
      } else if (points.refusal != null) {
        refuse(job, points.refusal);
      }
      return;
    }
    NodeId leaf = lanes.fork(point.node);
    job.leaf = leaf;
    budget.hold(job, room);
    working.add(job);
    try {
      launch(job, leaf);
    } catch (RuntimeException e) {
      // No room in the decoder: as if it had not been tried.
      working.remove(job);
      job.leaf = null;
      budget.free(job);
      budget.giveBack(job);
      lanes.release(leaf);
      throw e;
    }
    meter.spendPrefill(prompt);
  }

  private void launch(Job job, NodeId leaf) {
    switch (job) {
      case Job.Write w -> {
        if (w instanceof Job.Grow g && g.beam != null) {
          g.run = beam(g, leaf, g.beam);
        } else {
          lanes.decode(leaf, spec(w), new Writing(w));
        }
        budget.prompted(lanes.decoder().pathLength(leaf));
      }
      case Job.Choose c -> {
        List<Integer> prompt = c.question.prompt();
        long length = lanes.decoder().pathLength(leaf) + prompt.size();
        if (prompt.isEmpty()) {
          choose(c, leaf);
        } else {
          lanes.extend(leaf, Lanes.ints(prompt), event -> goOn(c, leaf));
        }
        budget.prompted(length);
      }
    }
  }

  private void goOn(Job.Choose job, NodeId leaf) {
    try {
      choose(job, leaf);
    } catch (DeftException e) {
      job.broken = true;
      throw e;
    }
  }

  private TokenBeamRun beam(Job.Grow job, NodeId leaf, ThoughtGenerator.TokenBeam how) {
    return new TokenBeamRun(
        lanes,
        leaf,
        job.stage,
        how,
        Math.min(job.stage.maxTokens(), budget.contextLeft(job)),
        job.reserved,
        run -> {
          job.run = null;
          budget.settle(job, run.used());
          journal.appended(run.used());
          lanes.release(leaf);
          budget.free(job);
          harvest.found(job, run.best(job.nodes));
          finished(job);
        });
  }

  /** Frees a job's branch, and what hangs below it. */
  private void releaseLeaf(Job job) {
    if (job instanceof Job.Grow g && g.run != null) {
      budget.settle(g, g.run.used());
      journal.appended(g.run.used());
      g.run.forget();
      g.run = null;
    }
    if (job.leaf != null) {
      lanes.release(job.leaf);
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
          budget.free(job);
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
        .constraint(job.stage.constraint())
        .build();
  }

  /** No new branch begins before one at work has ended. */
  void narrow() {
    width.narrow(working.isEmpty() ? Integer.MAX_VALUE : live());
  }

  /**
   * Puts the youngest branch back into the queue; what it sampled is spent, and will be sampled
   * again.
   *
   * @param whole whether nothing came of the step that found no room: it was too wide
   * @return false if there is no other
   */
  boolean preempt(boolean whole) {
    if (working.size() < 2) {
      return false;
    }
    putBack(working.getLast());
    narrow();
    if (whole) {
      width.tooWide(live());
    }
    return true;
  }

  /**
   * Puts branches back into the queue that found no room when they went on after an answer.
   *
   * @return how often it was put back that was most often; 0 if there was none
   */
  int putBackBroken() {
    int times = 0;
    for (Job job : List.copyOf(working)) {
      if (job.broken || job instanceof Job.Grow g && g.run != null && g.run.broken()) {
        job.broken = false;
        times = Math.max(times, ++job.broke);
        putBack(job);
      }
    }
    if (times > 0) {
      narrow();
    }
    return times;
  }

  private void putBack(Job job) {
    working.remove(job);
    releaseLeaf(job);
    job.leaf = null;
    budget.free(job);
    if (job instanceof Job.Write w && w.reserved > 0) {
      budget.settle(w, w.tokens.size());
      w.tokens.clear();
      w.logProb = 0;
    }
    // Still of its wave, others of which may wait behind it.
    queue.putBack(job);
  }

  // --- ending

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
      journal.sampled(job.stream, token);
    }

    @Override
    public void answered(DecodeEvent event) {
      budget.settle(job, job.tokens.size());
      NodeId leaf = Objects.requireNonNull(job.leaf);
      String text = lanes.decoder().codec().decode(Lanes.ints(job.tokens));
      FinishReason reason = ((DecodeEvent.Finished) event).reason();
      switch (job) {
        case Job.Grow g -> {
          if (g.list) {
            lanes.release(leaf);
            budget.free(g);
            harvest.listed(g, text);
          } else {
            boolean alive = harvest.grown(g, leaf, text, reason);
            budget.free(g, alive ? g.tokens.size() : 0);
          }
          finished(g);
        }
        case Job.Opine o -> {
          lanes.release(leaf);
          budget.free(o);
          Branches.this.answered(o, o.scoring, o.index, new Reading(List.of(), text));
        }
      }
    }
  }

  private void answered(Job job, Scoring scoring, int index, Reading reading) {
    scoring.read(index, reading);
    if (job.ask.pending == 1) {
      asks.scored(scoring);
    }
    finished(job);
  }

  private void finished(Job job) {
    working.remove(job);
    width.widen();
    queue.left(job);
    asks.ended(job.ask);
  }

  /** Ends these branches now and closes their asks as cancelled. */
  void drop(Predicate<Job> which) {
    List<Job> gone = new ArrayList<>();
    queue.stream().filter(which).forEach(gone::add);
    working.stream().filter(which).forEach(gone::add);
    for (Job job : gone) {
      job.ask.because(Told.Why.CANCELLED);
      queue.remove(job);
      working.remove(job);
      releaseLeaf(job);
      ended(job);
    }
  }

  /** Settles a job that gave nothing. */
  private void ended(Job job) {
    if (job instanceof Job.Write w && w.reserved > 0) {
      budget.settle(w, w.tokens.size());
    }
    if (job instanceof Job.Grow g) {
      meter.settleNodes(g.nodes, 0);
    }
    budget.free(job);
    queue.left(job);
    asks.ended(job.ask);
  }

  // --- from a trace

  /** Gives waiting jobs what a trace has of them. */
  Recall recall() {
    return recall;
  }

  /** Ends what waits for an ask that a trace says is closed. */
  void ended(long ask, Told.Why why) {
    for (Job job : queue.copy()) {
      if (job.ask.id == ask) {
        queue.remove(job);
        job.ask.because(why);
        ended(job);
      }
    }
  }

  // --- the end

  /** Frees the whole tree. */
  void release(ThoughtTree.Entry root) {
    queue.clear();
    for (Job job : working) {
      if (job instanceof Job.Grow g && g.run != null) {
        g.run.forget();
      }
      if (job.leaf != null) {
        lanes.forget(job.leaf);
      }
      budget.free(job);
    }
    working.clear();
    points.release(root);
    tree.forget(root);
  }

  /** Stops computing what is at a thought or below it and frees all of that. */
  void prune(ThoughtTree.Entry top) {
    drop(job -> job.at.within(top));
    points.release(top);
    tree.forget(top);
  }
}

package org.deft4j.search.driver;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.function.Predicate;
import org.deft4j.search.budget.BudgetMeter;
import org.deft4j.search.budget.Usage;
import org.deft4j.search.spi.Stage;
import org.deft4j.search.strategy.Told;
import org.deft4j.tree.decode.NodeId;

/** The branches of one search: those waiting for room or budget, and those at work. */
final class Branches {
  private final Asks asks;
  private final ThoughtTree tree;
  private final Lanes lanes;
  private final BudgetMeter meter;
  private final JobBudget budget;
  private final WidthLimit width;
  private final Points points;
  private final Decoding decoding;
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
    this.tree = tree;
    this.lanes = lanes;
    this.meter = meter;
    this.budget = new JobBudget(meter, lanes, ordered);
    this.width = new WidthLimit(lanes);
    this.points = points;
    this.queue = new JobQueue(meter, budget, ordered);
    this.decoding = new Decoding(asks, journal, lanes, budget, harvest, seed, this::finished);
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
      decoding.begin(job, leaf);
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
    decoding.stop(job);
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
      decoding.stop(job);
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
      decoding.forget(job);
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

package org.deft4j.search.driver;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.deft4j.search.budget.BudgetMeter;

/**
 * The jobs of one search that wait for room or budget, first come first. Those of an ordered search
 * are let in wave by wave.
 */
final class JobQueue implements Iterable<Job> {
  private final Deque<Job> waiting = new ArrayDeque<>();
  private final BudgetMeter meter;
  private final JobBudget budget;
  private final boolean ordered;

  /** Admitted jobs of the present wave that have not ended. */
  private int wave;

  JobQueue(BudgetMeter meter, JobBudget budget, boolean ordered) {
    this.meter = meter;
    this.budget = budget;
    this.ordered = ordered;
  }

  /** Puts a job behind all others. */
  void add(Job job) {
    waiting.add(job);
  }

  /** Puts a job that had begun before all others; it is still of its wave. */
  void putBack(Job job) {
    waiting.addFirst(job);
  }

  void remove(Job job) {
    waiting.remove(job);
  }

  void clear() {
    waiting.clear();
  }

  int size() {
    return waiting.size();
  }

  @Override
  public Iterator<Job> iterator() {
    return waiting.iterator();
  }

  Stream<Job> stream() {
    return waiting.stream();
  }

  /** The jobs that wait now, whatever becomes of them. */
  List<Job> copy() {
    return List.copyOf(waiting);
  }

  /**
   * Lets in the next wave of an ordered search: the longest run of waiting jobs whose reservations
   * fit together, once the wave before has settled. So what a job is granted depends on the asks
   * before it alone, and not on which branch ended first.
   *
   * @param refuse hears of jobs, no longer in the queue, for which there are no tokens left
   */
  void admit(Consumer<Job> refuse) {
    while (ordered && wave == 0 && !waiting.isEmpty()) {
      List<Job> refused = new ArrayList<>();
      for (Job job : waiting) {
        if (job instanceof Job.Write w && budget.fits(job) && !budget.reserve(w)) {
          if (wave == 0 && !meter.tokensOpen()) {
            refused.add(job);
            continue;
          }
          break;
        }
        job.admitted = true;
        wave++;
      }
      if (refused.isEmpty()) {
        return;
      }
      for (Job job : refused) {
        waiting.remove(job);
        refuse.accept(job);
      }
    }
  }

  /** Whether a job may begin before those behind it have been let in. */
  boolean admits(Job job) {
    return !ordered || job.admitted;
  }

  /** A job ended: its wave goes on without it. */
  void left(Job job) {
    if (job.admitted) {
      job.admitted = false;
      wave--;
    }
  }
}

package org.deft4j.search.driver;

import java.util.List;
import org.deft4j.search.budget.BudgetMeter;
import org.deft4j.search.event.SearchEvent;

/**
 * Gives jobs that wait the thoughts that an earlier run of their search made for them: those of a
 * trace that is played again, and those that were spared when the search went another way.
 */
final class Recall {
  private final Asks asks;
  private final JobQueue queue;
  private final JobBudget budget;
  private final BudgetMeter meter;
  private final Harvest harvest;

  Recall(Asks asks, JobQueue queue, JobBudget budget, BudgetMeter meter, Harvest harvest) {
    this.asks = asks;
    this.queue = queue;
    this.budget = budget;
    this.meter = meter;
    this.harvest = harvest;
  }

  // --- spared thoughts

  /**
   * Books for a job what an earlier run had made of it, where nothing has changed.
   *
   * @return whether there is that; the job is then to be removed and {@link #finish finished}
   */
  boolean remembered(Job job) {
    if (!(job instanceof Job.Grow g) || g.list) {
      return false;
    }
    SearchEvent.ThoughtAdded known = asks.remembered(g);
    if (known == null || g.reserved == 0 && !budget.reserve(g)) {
      return false;
    }
    if (g.cut && known.thought().tokens() > g.reserved) {
      budget.giveBack(g);
      return false;
    }
    budget.settle(g, known.thought().tokens());
    meter.settleNodes(1, 1);
    g.taken = known;
    return true;
  }

  /** Ends a job, no longer in the queue, with a thought. */
  void finish(Job.Grow job, SearchEvent.ThoughtAdded thought) {
    harvest.recorded(job, thought);
    queue.left(job);
    asks.ended(job.ask);
  }

  // --- a trace

  /** Takes a thought of a trace as the result of the job that waits for it, if one does. */
  boolean recorded(SearchEvent.ThoughtAdded event) {
    for (Job job : queue) {
      if (job instanceof Job.Grow g && !g.list && g.makes(event.thought())) {
        queue.remove(job);
        budget.settle(g, 0);
        meter.settleNodes(1, 0);
        finish(g, event);
        return true;
      }
    }
    return false;
  }

  /** Takes the thoughts that a trace says were listed in answer to an ask. */
  void recorded(long ask, List<SearchEvent.ThoughtAdded> events) {
    for (Job job : queue.copy()) {
      if (job instanceof Job.Grow g && g.list && g.ask.id == ask) {
        events.forEach(e -> harvest.recorded(g, e));
      }
    }
  }

  /** Whether an ask waits for a list of thoughts. */
  boolean lists(long ask) {
    return queue.stream().anyMatch(j -> j instanceof Job.Grow g && g.list && g.ask.id == ask);
  }
}

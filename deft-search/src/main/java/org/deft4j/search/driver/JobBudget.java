package org.deft4j.search.driver;

import org.deft4j.search.budget.BudgetMeter;
import org.deft4j.search.budget.Usage;

/**
 * What the jobs of one search may use: each reserves tokens before it begins and holds room for
 * keys and values while it works; both end up settled in the search's meter, once.
 */
final class JobBudget {
  private final BudgetMeter meter;
  private final Lanes lanes;
  private final boolean ordered;
  private long resent;

  /**
   * The budget of a search.
   *
   * @param ordered whether waves hold what their jobs reserved until these have ended
   */
  JobBudget(BudgetMeter meter, Lanes lanes, boolean ordered) {
    this.meter = meter;
    this.lanes = lanes;
    this.ordered = ordered;
  }

  // --- the model's context

  /** Tokens that the model's context has room for behind what the job appends. */
  int contextLeft(Job job) {
    return lanes.decoder().capabilities().contextLength() - job.at.length() - job.prompt().size();
  }

  /** Whether the model's context has room for what the job appends, and a token more. */
  boolean fits(Job job) {
    return contextLeft(job) > 0;
  }

  // --- tokens to sample

  /** Reserves what the job may sample, all or less of it; gives whether that is anything. */
  boolean reserve(Job.Write job) {
    long wanted = Math.min(job.stage.maxTokens(), contextLeft(job)) * job.texts();
    job.reserved = meter.reserveTokens(wanted, job instanceof Job.Opine);
    job.cut = job.reserved < wanted;
    return job.reserved > 0;
  }

  /** Gives back what a job reserved that cannot begin now; in a wave it keeps it. */
  void giveBack(Job job) {
    if (!ordered && job instanceof Job.Write w) {
      settle(w, 0);
    }
  }

  /** Books tokens that a job sampled, and gives back the rest of what it reserved. */
  void settle(Job.Write job, long used) {
    meter.settleTokens(job.reserved, used, job instanceof Job.Opine);
    job.reserved = 0;
  }

  /** Which limit of tokens a job met. */
  StopReason limit(Job job) {
    return meter.tokenLimit(job instanceof Job.Opine);
  }

  // --- keys and values

  /** Room that a job needs while it works: what it may sample, or a question's prompt. */
  static long room(Job job) {
    return job instanceof Job.Write w ? w.reserved : job.prompt().size();
  }

  /** Holds room for a job that begins. */
  void hold(Job job, long room) {
    job.held = room;
    meter.holdKv(room);
  }

  /** Frees the room that a job holds. */
  void free(Job job) {
    free(job, 0);
  }

  /** Frees it but for tokens that stay in the tree. */
  void free(Job job, long kept) {
    meter.freeKv(job.held - kept);
    job.held = 0;
  }

  // --- prompts

  /** A branch began whose whole prompt, sent by itself, would have so many tokens. */
  void prompted(long tokens) {
    resent += tokens;
  }

  /** Tokens of prompts that were found in the tree. */
  long reused() {
    return Math.max(0, resent - meter.prefillSpent());
  }

  /** Takes over what a trace says was spent. */
  void restore(Usage usage) {
    meter.restore(usage);
    resent = usage.reusedTokens() + usage.prefillTokens();
  }
}

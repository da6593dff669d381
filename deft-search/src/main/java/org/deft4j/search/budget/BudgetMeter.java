package org.deft4j.search.budget;

import java.time.Duration;
import java.util.Optional;
import org.deft4j.search.driver.StopReason;

/**
 * Keeps one search within its {@link SearchBudget}: work reserves the most that it can use before
 * it begins and settles what it used when it ends, so that branches at work together never
 * overshoot.
 */
public final class BudgetMeter {
  private final SearchBudget budget;
  private final Allowance decode;
  private final Allowance evaluator;
  private final Allowance prefill;
  private final Allowance nodes;
  private final Allowance kvTokens;

  /** A meter with nothing spent, for a decoder whose tokens take no counted memory. */
  public BudgetMeter(SearchBudget budget) {
    this(budget, 0);
  }

  /**
   * A meter with nothing spent.
   *
   * @param bytesPerToken key-value bytes of a token; 0 where unknown: the limit of bytes then does
   *     not hold
   */
  public BudgetMeter(SearchBudget budget, long bytesPerToken) {
    this.budget = budget;
    decode = new Allowance(budget.decodeTokens());
    evaluator = new Allowance(budget.evaluatorTokens());
    prefill = new Allowance(budget.prefillTokens());
    nodes = new Allowance(budget.nodes());
    boolean counts = bytesPerToken > 0 && budget.kvBytes() != Long.MAX_VALUE;
    kvTokens = new Allowance(counts ? budget.kvBytes() / bytesPerToken : Long.MAX_VALUE);
  }

  // --- sampled tokens

  /** Reserves tokens for a thought; see {@link #reserveTokens(long, boolean)}. */
  public long reserveTokens(long wanted) {
    return reserveTokens(wanted, false);
  }

  /**
   * Reserves tokens for one branch.
   *
   * <p>Grants all or nothing while other reservations may still give tokens back. The last branch
   * before the limit, with none beside it, gets what is left.
   *
   * @param wanted at least 1
   * @param byEvaluator whether an evaluator samples them
   * @return how many the branch may sample; 0 for none now
   */
  public long reserveTokens(long wanted, boolean byEvaluator) {
    long granted = decode.grantable(wanted);
    if (byEvaluator) {
      granted = Math.min(granted, evaluator.grantable(wanted));
      evaluator.reserve(granted);
    }
    decode.reserve(granted);
    return granted;
  }

  /** Gives back a reservation for a thought of which {@code used} tokens were sampled. */
  public void settleTokens(long reserved, long used) {
    settleTokens(reserved, used, false);
  }

  /** Gives back a reservation of which {@code used} tokens were sampled. */
  public void settleTokens(long reserved, long used, boolean byEvaluator) {
    decode.settle(reserved, used);
    if (byEvaluator) {
      evaluator.settle(reserved, used);
    }
  }

  /** Which limit a branch met that was granted nothing. */
  public StopReason tokenLimit(boolean byEvaluator) {
    return byEvaluator && evaluator.left() < Math.max(1, decode.left())
        ? StopReason.EVALUATOR_BUDGET
        : StopReason.TOKEN_BUDGET;
  }

  /** Tokens neither spent nor reserved. */
  public long tokensLeft() {
    return decode.left();
  }

  /** Whether a reservation is open, so that waiting may help. */
  public boolean tokensOpen() {
    return decode.open();
  }

  /** Tokens settled as sampled. */
  public long tokensSpent() {
    return decode.spent();
  }

  /** Of these, by evaluators. */
  public long evaluatorTokensSpent() {
    return evaluator.spent();
  }

  // --- computed tokens

  /** Whether so many more prompt tokens may be computed. */
  public boolean allowsPrefill(long tokens) {
    return tokens <= prefill.left();
  }

  /** Books prompt tokens that will be computed for sure. */
  public void spendPrefill(long tokens) {
    prefill.spend(tokens);
  }

  /** Prompt tokens computed. */
  public long prefillSpent() {
    return prefill.spent();
  }

  // --- thoughts

  /**
   * Reserves thoughts.
   *
   * @return how many may be made, at most {@code wanted}
   */
  public int reserveNodes(int wanted) {
    int granted = (int) Math.max(0, Math.min(wanted, nodes.left()));
    nodes.reserve(granted);
    return granted;
  }

  /** Gives back reserved thoughts of which {@code made} were made. */
  public void settleNodes(int reserved, int made) {
    nodes.settle(reserved, made);
  }

  /** Thoughts neither made nor reserved. */
  public long nodesLeft() {
    return nodes.left();
  }

  /** Thoughts settled as made. */
  public long nodesMade() {
    return nodes.spent();
  }

  /** Whether a thought of this depth may be made. */
  public boolean allowsDepth(int depth) {
    return depth <= budget.depth();
  }

  // --- memory

  /** Whether keys and values of so many more tokens may be held. */
  public boolean allowsKv(long tokens) {
    return tokens <= kvTokens.left();
  }

  /** How many tokens too many it would be; 0 or less when they may be held. */
  public long kvShort(long tokens) {
    return tokens - kvTokens.left();
  }

  /** Holds keys and values of tokens, or reserves room for those that a branch may sample. */
  public void holdKv(long tokens) {
    kvTokens.spend(tokens);
  }

  /** Frees keys and values, or room that was not used. */
  public void freeKv(long tokens) {
    kvTokens.free(tokens);
  }

  /** Tokens whose keys and values the search holds or has room reserved for. */
  public long kvHeld() {
    return kvTokens.spent();
  }

  // --- time and all together

  /** Whether this much wall time is over the limit. */
  public boolean timeUp(long nanos) {
    return budget.time().compareTo(Duration.ofNanos(nanos)) <= 0;
  }

  /** The limit whose soft share is reached, if any is. */
  public Optional<StopReason> soft(long nanos) {
    double share = budget.soft();
    if (share == 1) {
      return Optional.empty();
    }
    if (decode.reached(share)) {
      return Optional.of(StopReason.TOKEN_BUDGET);
    }
    if (evaluator.reached(share)) {
      return Optional.of(StopReason.EVALUATOR_BUDGET);
    }
    if (prefill.reached(share)) {
      return Optional.of(StopReason.PREFILL_BUDGET);
    }
    if (nodes.reached(share)) {
      return Optional.of(StopReason.NODE_BUDGET);
    }
    boolean late =
        budget.time().compareTo(SearchBudget.UNLIMITED.time()) < 0
            && nanos >= share * budget.time().toNanos();
    return late ? Optional.of(StopReason.TIME_BUDGET) : Optional.empty();
  }

  /** What is spent so far. */
  public Usage usage(long reusedTokens) {
    return new Usage(
        decode.spent(), evaluator.spent(), prefill.spent(), reusedTokens, nodes.spent());
  }

  /** Takes over what a trace says was spent; reservations stay. */
  public void restore(Usage usage) {
    decode.set(usage.decodeTokens());
    evaluator.set(usage.evaluatorTokens());
    prefill.set(usage.prefillTokens());
    nodes.set(usage.nodes());
  }
}

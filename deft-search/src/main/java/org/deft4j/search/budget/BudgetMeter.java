package org.deft4j.search.budget;

/**
 * Keeps one search within its {@link SearchBudget}: work reserves the most that it can use before
 * it begins and settles what it used when it ends, so that branches at work together never
 * overshoot.
 */
public final class BudgetMeter {
  private final SearchBudget budget;
  private long tokensSpent;
  private long tokensReserved;
  private long nodesMade;
  private long nodesReserved;

  /** A meter with nothing spent. */
  public BudgetMeter(SearchBudget budget) {
    this.budget = budget;
  }

  /**
   * Reserves tokens for one branch.
   *
   * <p>Grants all or nothing while other reservations may still give tokens back. The last branch
   * before the limit, with none beside it, gets what is left.
   *
   * @param wanted at least 1
   * @return how many the branch may sample; 0 for none now
   */
  public long reserveTokens(long wanted) {
    long left = tokensLeft();
    long granted = wanted <= left ? wanted : tokensReserved == 0 ? left : 0;
    tokensReserved += granted;
    return granted;
  }

  /** Gives back a reservation of which {@code used} tokens were sampled. */
  public void settleTokens(long reserved, long used) {
    if (used > reserved || reserved > tokensReserved) {
      throw new IllegalArgumentException(
          used + " tokens used of " + reserved + ", " + tokensReserved + " reserved in all");
    }
    tokensReserved -= reserved;
    tokensSpent += used;
  }

  /**
   * Reserves thoughts.
   *
   * @return how many may be made, at most {@code wanted}
   */
  public int reserveNodes(int wanted) {
    int granted = (int) Math.min(wanted, budget.nodes() - nodesMade - nodesReserved);
    nodesReserved += granted;
    return granted;
  }

  /** Gives back reserved thoughts of which {@code made} were made. */
  public void settleNodes(int reserved, int made) {
    if (made > reserved || reserved > nodesReserved) {
      throw new IllegalArgumentException(
          made + " thoughts made of " + reserved + ", " + nodesReserved + " reserved in all");
    }
    nodesReserved -= reserved;
    nodesMade += made;
  }

  /** Tokens neither spent nor reserved. */
  public long tokensLeft() {
    return budget.decodeTokens() - tokensSpent - tokensReserved;
  }

  /** Whether a reservation is open, so that waiting may help. */
  public boolean tokensOpen() {
    return tokensReserved > 0;
  }

  /** Tokens settled as sampled. */
  public long tokensSpent() {
    return tokensSpent;
  }

  /** Thoughts neither made nor reserved. */
  public long nodesLeft() {
    return budget.nodes() - nodesMade - nodesReserved;
  }

  /** Thoughts settled as made. */
  public long nodesMade() {
    return nodesMade;
  }

  /** Whether this much wall time is over the limit. */
  public boolean timeUp(long nanos) {
    return budget.time().compareTo(java.time.Duration.ofNanos(nanos)) <= 0;
  }
}

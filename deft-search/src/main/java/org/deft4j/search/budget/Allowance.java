package org.deft4j.search.budget;

/** One limited thing: how much of it is spent and how much reserved. */
final class Allowance {
  private final long limit;
  private long spent;
  private long reserved;

  Allowance(long limit) {
    this.limit = limit;
  }

  /** Neither spent nor reserved; negative only where a trace's spending exceeds a smaller limit. */
  long left() {
    return limit - spent - reserved;
  }

  /**
   * What a reservation would get: all or nothing while others may still give back, else what is
   * left.
   */
  long grantable(long wanted) {
    return wanted <= left() ? wanted : reserved == 0 ? Math.max(0, left()) : 0;
  }

  void reserve(long n) {
    reserved += n;
  }

  void settle(long granted, long used) {
    if (used > granted || granted > reserved) {
      throw new IllegalArgumentException(
          used + " used of " + granted + ", " + reserved + " reserved in all");
    }
    reserved -= granted;
    spent += used;
  }

  /** Gives back what was spent: only for what can be held and freed. */
  void free(long n) {
    if (n > spent) {
      throw new IllegalArgumentException(n + " freed of " + spent);
    }
    spent -= n;
  }

  void spend(long n) {
    spent += n;
  }

  void set(long value) {
    spent = value;
  }

  long spent() {
    return spent;
  }

  boolean open() {
    return reserved > 0;
  }

  /** Whether this share of the limit is spent. */
  boolean reached(double share) {
    return limit != Long.MAX_VALUE && spent >= share * limit;
  }
}

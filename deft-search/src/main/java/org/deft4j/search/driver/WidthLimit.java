package org.deft4j.search.driver;

/**
 * How many branches of a search may be at work: its share of the driver's lanes, and what memory
 * was found to have room for.
 */
final class WidthLimit {
  private final Lanes lanes;
  private int quota = Integer.MAX_VALUE;

  /** Most branches at work until one ends, as there was no room for another. */
  private int narrow = Integer.MAX_VALUE;

  /** Most branches at work, at least 1, that steps are thought to have room for. */
  private int most = Integer.MAX_VALUE;

  WidthLimit(Lanes lanes) {
    this.lanes = lanes;
  }

  /** How many may begin beside {@code live} branches at work; negative if those are too many. */
  int free(int live) {
    return Math.min(lanes.free(), Math.min(quota, Math.min(narrow, most)) - live);
  }

  /** The search's share from now on. */
  void quota(int branches) {
    quota = branches;
  }

  /** No more than these until one ends. */
  void narrow(int branches) {
    narrow = branches;
  }

  /** A step had no room for more than these. */
  void tooWide(int branches) {
    most = branches;
  }

  /**
   * A branch ended. Whether there is room for others they find out as they begin, but whether a
   * step has room for them only the step does: twice as many a generation are tried, not all at
   * once.
   */
  void widen() {
    narrow = Integer.MAX_VALUE;
    if (most < Integer.MAX_VALUE) {
      most = most + 1 < lanes.width() ? most + 1 : Integer.MAX_VALUE;
    }
  }
}

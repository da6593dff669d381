package org.deft4j.kernels.cuda;

/**
 * A way to run passes of a number of rows that may be faster or slower than without it, which only
 * whole steps tell: operations leave caches, and each other, in other states.
 */
interface StepOption {
  /** Takes it, or not, for what is launched from now on; captured work stays as it was. */
  void take(boolean on);

  /** One with a name, by which diagnostics tell of it. */
  static StepOption named(String name, StepOption option) {
    return new StepOption() {
      @Override
      public void take(boolean on) {
        option.take(on);
      }

      @Override
      public String toString() {
        return name;
      }
    };
  }
}

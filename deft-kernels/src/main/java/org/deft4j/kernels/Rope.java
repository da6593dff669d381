package org.deft4j.kernels;

/** Rotary position embedding prepared on a backend; made by {@link Backend#rope}. */
public interface Rope {
  /** What it was made from. */
  RopeSpec spec();
}

package org.deft4j.cli.report;

/** Names of what a search spends, as a report writes them. */
final class Ledger {
  static final String DECODED = "tokens sampled";
  static final String EVALUATOR = "of these by evaluators";
  static final String PREFILLED = "prompt tokens computed";
  static final String REUSED = "prompt tokens reused";
  static final String NODES = "thoughts";

  private Ledger() {}
}

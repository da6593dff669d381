package org.deft4j.search.driver;

import java.util.Locale;

/** Why a search ended. */
public enum StopReason {
  /** The evaluator was sure of the answer. */
  SOLVED,
  /** The strategy had nothing more to do. */
  FINISHED,
  /** The budget of sampled tokens was used up. */
  TOKEN_BUDGET,
  /** The budget of tokens that evaluators sample was used up. */
  EVALUATOR_BUDGET,
  /** The budget of prompt tokens to compute was used up. */
  PREFILL_BUDGET,
  /** The budget of thoughts was used up. */
  NODE_BUDGET,
  /** The strategy wanted to go deeper than the budget allows. */
  DEPTH_BUDGET,
  /** The budget of bytes for keys and values was used up. */
  KV_BUDGET,
  /** The time was up. */
  TIME_BUDGET,
  /** Keys and values found no room in the decoder's memory. */
  MEMORY,
  /** The caller cancelled. */
  CANCELLED;

  /** The name in kebab-case, as in reports. */
  public String id() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }
}

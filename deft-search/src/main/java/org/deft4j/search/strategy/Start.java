package org.deft4j.search.strategy;

import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.tree.DeftException;

/** What strategies check and hold before they begin. */
final class Start {
  /** Stands for the root until a search has begun. */
  static final Thought ROOT =
      new Thought(
          Thought.ROOT, -1, 0, "", "", new ThoughtState.Partial(""), 0, 0, true, Optional.empty());

  private Start() {}

  static void atLeastOne(String name, int value) {
    if (value < 1) {
      throw new IllegalArgumentException(name + " must be at least 1, was " + value);
    }
  }

  static void temperature(double value) {
    if (!(value >= 0 && value <= 100)) {
      throw new IllegalArgumentException("temperature must be in 0..100, was " + value);
    }
  }

  static void atLeastZero(String name, double value) {
    if (!(value >= 0 && Double.isFinite(value))) {
      throw new IllegalArgumentException(name + " must be at least 0, was " + value);
    }
  }

  static void share(String name, double value) {
    if (!(value >= 0 && value <= 1)) {
      throw new IllegalArgumentException(name + " must be in 0..1, was " + value);
    }
  }

  /** What a strategy needs that scores thoughts as they come, one by one. */
  static void needsScores(String strategy, StrategyContext context) {
    needsEvaluator(strategy, context);
    if (context.joint()) {
      throw new DeftException(
          DeftException.USAGE,
          "strategy "
              + strategy
              + " needs an evaluator that scores thoughts one by one, "
              + context.evaluator()
              + " compares them: choose another, for instance judge");
    }
  }

  static void needsEvaluator(String strategy, StrategyContext context) {
    if (!context.canEvaluate()) {
      throw new DeftException(
          DeftException.USAGE,
          "strategy " + strategy + " needs an evaluator: choose one, for instance judge");
    }
  }
}

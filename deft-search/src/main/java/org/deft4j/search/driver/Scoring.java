package org.deft4j.search.driver;

import java.util.List;
import org.deft4j.search.Score;
import org.deft4j.search.evaluate.Evaluation;
import org.deft4j.search.evaluate.Evaluation.Reading;
import org.jspecify.annotations.Nullable;

/** An evaluation whose probes are at work. */
final class Scoring {
  final OpenAsk ask;
  final List<Long> thoughts;
  private final Evaluation plan;
  private final @Nullable Reading[] readings;

  Scoring(OpenAsk ask, List<Long> thoughts, Evaluation plan) {
    this.ask = ask;
    this.thoughts = thoughts;
    this.plan = plan;
    this.readings = new Reading[plan.probes().size()];
  }

  void read(int index, Reading reading) {
    readings[index] = reading;
  }

  /** The scores; empty when a probe was not answered. */
  List<Score> scores() {
    List<Reading> all = new java.util.ArrayList<>();
    for (Reading reading : readings) {
      if (reading == null) {
        return List.of();
      }
      all.add(reading);
    }
    List<Score> scores = List.copyOf(plan.fold().apply(all));
    if (scores.size() != thoughts.size()) {
      throw new IllegalStateException(
          "the evaluator gave " + scores.size() + " scores for " + thoughts.size() + " thoughts");
    }
    return scores;
  }
}

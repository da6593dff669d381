package org.deft4j.search.driver;

import java.util.List;
import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.budget.Usage;
import org.deft4j.search.spi.Problem;
import org.deft4j.tree.decode.DecoderStats;

/** What is counted while a search runs, and at last the result made of it. */
final class Figures {
  private final DecoderStats before;
  private long measured;
  private double byteSeconds;
  private long shared;

  int depth;
  int maxWidth;
  long steps;
  long sampled;
  long evaluatorSampled;

  /** Whether memory ran short once. */
  boolean pressed;

  Figures(DecoderStats before, long now) {
    this.before = before;
    this.measured = now;
  }

  /** The search holds so many bytes of keys and values since the last measurement. */
  void hold(long now, long bytes, long bytesShared) {
    byteSeconds += bytes * ((now - measured) / 1e9);
    measured = now;
    shared = Math.max(shared, bytesShared);
  }

  SearchResult result(
      Problem problem,
      ThoughtTree tree,
      Optional<Thought> best,
      StopReason stopped,
      Usage usage,
      DecoderStats after,
      long nanos) {
    Optional<String> answer = best.flatMap(Thought::answer);
    List<Thought> thoughts = tree.thoughts();
    return new SearchResult(
        problem,
        best.map(t -> tree.path(t.ordinal())).orElse(List.of()),
        answer,
        best.flatMap(Thought::score),
        problem.grade(answer),
        stopped,
        new SearchResult.TreeFigures(Math.toIntExact(usage.nodes()), depth, maxWidth),
        new SearchResult.TokenFigures(
            usage.decodeTokens() - usage.evaluatorTokens(),
            usage.evaluatorTokens(),
            usage.prefillTokens(),
            usage.reusedTokens(),
            steps),
        after.io().minus(before.io()),
        shared,
        byteSeconds,
        nanos / 1e9,
        thoughts);
  }
}

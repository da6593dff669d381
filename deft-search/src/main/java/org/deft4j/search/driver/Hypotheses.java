package org.deft4j.search.driver;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.deft4j.tree.decode.FinishReason;
import org.jspecify.annotations.Nullable;

/**
 * The hypotheses of a token-level beam search: of all one-token continuations of the live ones the
 * likeliest are taken, as many as twice the width; those that end are finished, of the others
 * {@code width} live on. A finished hypothesis is ranked by its log-probability over a power of its
 * length. The search is over when {@code width} are finished and no live one can come before the
 * last of them even if it lost nothing more and became as long as it may.
 */
final class Hypotheses {
  private final int width;
  private final double lengthPenalty;
  private final int maxTokens;
  private final Ending ends;
  private List<Hypothesis> live;
  private final List<Hypothesis> finished = new ArrayList<>();

  /** Says which hypotheses are finished. */
  @FunctionalInterface
  interface Ending {
    /**
     * Why a hypothesis of these tokens ends; null if it goes on.
     *
     * @param from number of the live hypothesis that the last token continues
     */
    @Nullable FinishReason of(int from, int[] tokens);
  }

  /**
   * A continuation.
   *
   * @param tokens its tokens
   * @param logProb the sum of their log-probabilities
   * @param reason why it ended; null while it lives
   * @param from number of the live hypothesis that it continues; -1 for none
   */
  record Hypothesis(int[] tokens, double logProb, @Nullable FinishReason reason, int from) {
    double rank(double lengthPenalty) {
      return logProb / Math.pow(Math.max(1, tokens.length), lengthPenalty);
    }
  }

  /**
   * One live hypothesis without tokens.
   *
   * @param maxTokens a hypothesis of so many tokens ends
   * @param ends which end before that
   */
  Hypotheses(int width, double lengthPenalty, int maxTokens, Ending ends) {
    this.width = width;
    this.lengthPenalty = lengthPenalty;
    this.maxTokens = maxTokens;
    this.ends = ends;
    this.live = List.of(new Hypothesis(new int[0], 0, null, -1));
  }

  /** The live ones, likeliest first. */
  List<Hypothesis> live() {
    return live;
  }

  /** Whether nothing more can come. */
  boolean over() {
    if (live.isEmpty()) {
      return true;
    }
    if (finished.size() < width) {
      return false;
    }
    double last = best(width).getLast().rank(lengthPenalty);
    return live.getFirst().logProb() / Math.pow(maxTokens, lengthPenalty) <= last;
  }

  /** The best finished ones; those that live, where none is finished. */
  List<Hypothesis> best(int count) {
    List<Hypothesis> from = finished.isEmpty() ? live : finished;
    return from.stream()
        .sorted(Comparator.comparingDouble(h -> -h.rank(lengthPenalty)))
        .limit(count)
        .toList();
  }

  /** Ends the live ones for lack of room, without a token more. */
  void cut() {
    for (Hypothesis h : live) {
      if (h.tokens().length > 0) {
        finished.add(new Hypothesis(h.tokens(), h.logProb(), FinishReason.MAX_TOKENS, h.from()));
      }
    }
    live = List.of();
  }

  /**
   * One step.
   *
   * @param tokens the candidates
   * @param logProbs of each live hypothesis, of each candidate as its next token; negative infinity
   *     for what is forbidden
   */
  void advance(int[] tokens, List<float[]> logProbs) {
    List<Hypothesis> next = new ArrayList<>();
    for (long pick : top(tokens.length, logProbs)) {
      int from = (int) (pick / tokens.length);
      int at = (int) (pick % tokens.length);
      Hypothesis h = live.get(from);
      int[] longer = Arrays.copyOf(h.tokens(), h.tokens().length + 1);
      longer[longer.length - 1] = tokens[at];
      double sum = h.logProb() + logProbs.get(from)[at];
      FinishReason reason = ends.of(from, longer);
      if (reason == null && longer.length >= maxTokens) {
        reason = FinishReason.MAX_TOKENS;
      }
      if (reason != null) {
        finished.add(new Hypothesis(longer, sum, reason, from));
      } else if (next.size() < width) {
        next.add(new Hypothesis(longer, sum, null, from));
      }
    }
    live = next;
  }

  /**
   * The likeliest continuations, likeliest first: at most twice the width of those that live on.
   */
  private List<Long> top(int candidates, List<float[]> logProbs) {
    // A heap of what is kept, least likely on top; ties go to the earlier one.
    Comparator<Long> order =
        Comparator.<Long>comparingDouble(p -> score(p, candidates, logProbs))
            .thenComparing(Comparator.reverseOrder());
    java.util.PriorityQueue<Long> kept = new java.util.PriorityQueue<>(order);
    int most = 2 * width;
    for (int h = 0; h < live.size(); h++) {
      float[] row = logProbs.get(h);
      for (int t = 0; t < candidates; t++) {
        if (row[t] == Float.NEGATIVE_INFINITY) {
          continue;
        }
        long pick = (long) h * candidates + t;
        if (kept.size() < most) {
          kept.add(pick);
        } else if (order.compare(pick, kept.element()) > 0) {
          kept.remove();
          kept.add(pick);
        }
      }
    }
    return kept.stream().sorted(order.reversed()).toList();
  }

  private double score(long pick, int candidates, List<float[]> logProbs) {
    int from = (int) (pick / candidates);
    return live.get(from).logProb() + logProbs.get(from)[(int) (pick % candidates)];
  }
}

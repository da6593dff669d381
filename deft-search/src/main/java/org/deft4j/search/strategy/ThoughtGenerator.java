package org.deft4j.search.strategy;

import java.util.List;

/** How new thoughts are made. */
public sealed interface ThoughtGenerator {
  /** Sampling settings, as in {@link org.deft4j.tree.decode.DecodeSpec}. */
  Sampling sampling();

  /**
   * Independent samples of one continuation.
   *
   * @param sampling how tokens are drawn
   */
  record Sample(Sampling sampling) implements ThoughtGenerator {}

  /**
   * One answer that lists several thoughts, which become siblings.
   *
   * @param sampling how tokens are drawn
   */
  record Propose(Sampling sampling) implements ThoughtGenerator {}

  /**
   * Independent samples that join several thoughts into one. The new thought hangs below the one
   * that is continued, which is a common ancestor of them, and so shares its prefix.
   *
   * @param parents ordinals of the thoughts that are joined, at least two
   * @param sampling how tokens are drawn
   */
  record Merge(List<Long> parents, Sampling sampling) implements ThoughtGenerator {
    /** Copies the list and checks. */
    public Merge {
      parents = List.copyOf(parents);
      if (parents.size() < 2) {
        throw new IllegalArgumentException("a merge needs two thoughts, has " + parents.size());
      }
    }
  }

  /**
   * Token-level beam search: the {@code count} best whole continuations that it finds, best first.
   * Nothing is sampled.
   *
   * @param width hypotheses that are kept
   * @param lengthPenalty a hypothesis of n tokens is ranked by its log-probability divided by
   *     {@code n} to this power
   */
  record TokenBeam(int width, double lengthPenalty) implements ThoughtGenerator {
    /** Checks ranges. */
    public TokenBeam {
      if (width < 1) {
        throw new IllegalArgumentException("width must be at least 1, was " + width);
      }
      if (!(lengthPenalty >= 0 && lengthPenalty <= 10)) {
        throw new IllegalArgumentException("length-penalty must be in 0..10, was " + lengthPenalty);
      }
    }

    @Override
    public Sampling sampling() {
      return Sampling.GREEDY;
    }
  }

  /** The likeliest continuation, token by token. */
  static ThoughtGenerator greedy() {
    return new Sample(Sampling.GREEDY);
  }

  /** Samples at a temperature. */
  static ThoughtGenerator sample(double temperature) {
    return new Sample(Sampling.GREEDY.withTemperature(temperature));
  }

  /**
   * How tokens are drawn.
   *
   * @param temperature 0 for the likeliest token
   * @param topK keep the k likeliest; 0 for all
   * @param topP keep the likeliest of this probability together; 1 for all
   * @param minP drop what is less likely than this share of the likeliest; 0 for none
   */
  record Sampling(double temperature, int topK, double topP, double minP) {
    /** The likeliest token. */
    public static final Sampling GREEDY = new Sampling(0, 0, 1, 0);

    /** These settings at another temperature. */
    public Sampling withTemperature(double value) {
      return new Sampling(value, topK, topP, minP);
    }
  }
}

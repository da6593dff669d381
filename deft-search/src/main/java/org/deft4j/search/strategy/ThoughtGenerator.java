package org.deft4j.search.strategy;

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

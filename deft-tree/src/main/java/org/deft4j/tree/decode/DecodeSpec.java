package org.deft4j.tree.decode;

import java.util.List;
import java.util.Map;
import org.deft4j.tree.constrain.Grammar;
import org.jspecify.annotations.Nullable;

/**
 * How a leaf decodes: sampling, stops and limits.
 *
 * <p>Filters apply in this order: logit bias, repetition penalty, constraint, temperature, top-k,
 * top-p, min-p. Randomness is a pure function of {@code (seed, stream, position)}: it depends
 * neither on the order of branches in a batch nor on the backend.
 *
 * @param maxTokens at most this many tokens are sampled, at least 1
 * @param temperature 0 takes the likeliest token; otherwise logits are divided by it
 * @param topK keep the k likeliest tokens; 0 keeps all
 * @param topP keep the smallest set of likeliest tokens of at least this probability, in (0, 1]
 * @param minP drop tokens less likely than this share of the likeliest, in [0, 1)
 * @param repetitionPenalty 1 for none; logits of tokens on the path are divided (positive) or
 *     multiplied (negative) by it
 * @param logitBias added to the logits of these tokens
 * @param stopTokens sampling one of these ends the branch
 * @param stopStrings the branch ends when its decoded text contains one of these
 * @param seed seed of the search
 * @param stream names the branch within the search, for instance the ordinal of its thought
 * @param constraint what the sampled text must look like, null for anything: tokens that it does
 *     not allow are never sampled, and those that end the branch only where the text may end
 */
public record DecodeSpec(
    int maxTokens,
    float temperature,
    int topK,
    float topP,
    float minP,
    float repetitionPenalty,
    Map<Integer, Float> logitBias,
    List<Integer> stopTokens,
    List<String> stopStrings,
    long seed,
    long stream,
    @Nullable Grammar constraint) {

  /** Checks ranges and copies collections. */
  public DecodeSpec {
    require(maxTokens >= 1, "maxTokens must be at least 1", maxTokens);
    require(
        temperature >= 0 && Float.isFinite(temperature), "temperature must be >= 0", temperature);
    require(topK >= 0, "topK must be >= 0 (0 keeps all)", topK);
    require(topP > 0 && topP <= 1, "topP must be in (0, 1]", topP);
    require(minP >= 0 && minP < 1, "minP must be in [0, 1)", minP);
    require(
        repetitionPenalty > 0 && Float.isFinite(repetitionPenalty),
        "repetitionPenalty must be > 0",
        repetitionPenalty);
    logitBias = Map.copyOf(logitBias);
    stopTokens = List.copyOf(stopTokens);
    stopStrings = List.copyOf(stopStrings);
    require(
        stopStrings.stream().noneMatch(String::isEmpty),
        "stop strings must not be empty",
        stopStrings);
  }

  private static void require(boolean ok, String rule, Object value) {
    if (!ok) {
      throw new IllegalArgumentException(rule + ", was " + value);
    }
  }

  /** A builder for greedy decoding of at most {@code maxTokens} tokens with no stops. */
  public static Builder of(int maxTokens) {
    return new Builder(maxTokens);
  }

  /** A builder that starts from this spec. */
  public Builder toBuilder() {
    Builder b = new Builder(maxTokens);
    b.temperature = temperature;
    b.topK = topK;
    b.topP = topP;
    b.minP = minP;
    b.repetitionPenalty = repetitionPenalty;
    b.logitBias = logitBias;
    b.stopTokens = stopTokens;
    b.stopStrings = stopStrings;
    b.seed = seed;
    b.stream = stream;
    b.constraint = constraint;
    return b;
  }

  /** Collects the parts of a {@link DecodeSpec}; every part has a neutral default. */
  public static final class Builder {
    private int maxTokens;
    private float temperature;
    private int topK;
    private float topP = 1;
    private float minP;
    private float repetitionPenalty = 1;
    private Map<Integer, Float> logitBias = Map.of();
    private List<Integer> stopTokens = List.of();
    private List<String> stopStrings = List.of();
    private long seed;
    private long stream;
    private @Nullable Grammar constraint;

    private Builder(int maxTokens) {
      this.maxTokens = maxTokens;
    }

    /** Sets {@link DecodeSpec#maxTokens()}. */
    public Builder maxTokens(int value) {
      maxTokens = value;
      return this;
    }

    /** Sets {@link DecodeSpec#temperature()}. */
    public Builder temperature(float value) {
      temperature = value;
      return this;
    }

    /** Sets {@link DecodeSpec#topK()}. */
    public Builder topK(int value) {
      topK = value;
      return this;
    }

    /** Sets {@link DecodeSpec#topP()}. */
    public Builder topP(float value) {
      topP = value;
      return this;
    }

    /** Sets {@link DecodeSpec#minP()}. */
    public Builder minP(float value) {
      minP = value;
      return this;
    }

    /** Sets {@link DecodeSpec#repetitionPenalty()}. */
    public Builder repetitionPenalty(float value) {
      repetitionPenalty = value;
      return this;
    }

    /** Sets {@link DecodeSpec#logitBias()}. */
    public Builder logitBias(Map<Integer, Float> value) {
      logitBias = value;
      return this;
    }

    /** Sets {@link DecodeSpec#stopTokens()}. */
    public Builder stopTokens(List<Integer> value) {
      stopTokens = value;
      return this;
    }

    /** Sets {@link DecodeSpec#stopStrings()}. */
    public Builder stopStrings(List<String> value) {
      stopStrings = value;
      return this;
    }

    /** Sets {@link DecodeSpec#seed()} and {@link DecodeSpec#stream()}. */
    public Builder seed(long seed, long stream) {
      this.seed = seed;
      this.stream = stream;
      return this;
    }

    /** Sets {@link DecodeSpec#constraint()}. */
    public Builder constraint(@Nullable Grammar value) {
      constraint = value;
      return this;
    }

    /**
     * The spec.
     *
     * @throws IllegalArgumentException if a part is out of its range
     */
    public DecodeSpec build() {
      return new DecodeSpec(
          maxTokens,
          temperature,
          topK,
          topP,
          minP,
          repetitionPenalty,
          logitBias,
          stopTokens,
          stopStrings,
          seed,
          stream,
          constraint);
    }
  }
}

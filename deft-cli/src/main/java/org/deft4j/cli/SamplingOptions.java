package org.deft4j.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.deft4j.engine.gguf.GgufMetadata;
import org.deft4j.tree.decode.DecodeSpec;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How text is sampled; what is not given is the model's own default, if it states one. */
final class SamplingOptions {
  private static final String META = "general.sampling.";

  @Option(
      names = {"-n", "--max-tokens"},
      paramLabel = "N",
      defaultValue = "512",
      description = "Generate at most this many tokens (default ${DEFAULT-VALUE}).")
  private int maxTokens = 512;

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "0 takes the likeliest token each time (default: the model's own, else 0.8).")
  private @Nullable Float temperature;

  @Option(
      names = "--top-k",
      paramLabel = "K",
      description = "Sample of the K likeliest tokens, 0 for all (default: the model's, else 40).")
  private @Nullable Integer topK;

  @Option(
      names = "--top-p",
      paramLabel = "P",
      description =
          "Sample of the likeliest tokens with this probability together (default: the model's,"
              + " else 0.95).")
  private @Nullable Float topP;

  @Option(
      names = "--min-p",
      paramLabel = "P",
      defaultValue = "0",
      description = "Leave out tokens less likely than this share of the likeliest (default 0).")
  private float minP;

  @Option(
      names = "--repetition-penalty",
      paramLabel = "R",
      defaultValue = "1",
      description = "Above 1 makes tokens that occurred less likely (default 1).")
  private float penalty = 1;

  @Option(
      names = "--stop",
      paramLabel = "TEXT",
      description = "End where this text appears; can be given several times.")
  private List<String> stops = new ArrayList<>();

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "0",
      description = "Seed of all sampling (default 0).")
  private long seed;

  long seed() {
    return seed;
  }

  /**
   * The spec.
   *
   * @throws IllegalArgumentException for a value out of range
   */
  DecodeSpec spec(Optional<GgufMetadata> metadata, List<Integer> ends) {
    float t = temperature != null ? temperature : own(metadata, "temp", 0.8f);
    int k = topK != null ? topK : ownInt(metadata, "top_k", 40);
    float p = topP != null ? topP : own(metadata, "top_p", 0.95f);
    return DecodeSpec.of(maxTokens)
        .temperature(t)
        .topK(k)
        .topP(p)
        .minP(minP)
        .repetitionPenalty(penalty)
        .stopTokens(ends)
        .stopStrings(stops)
        .seed(seed, 0)
        .build();
  }

  /** Checks the values that were given, before a model is opened. */
  void check() {
    spec(Optional.empty(), List.of());
  }

  private static float own(Optional<GgufMetadata> metadata, String name, float other) {
    return metadata.map(m -> m.real(META + name, other)).orElse(other);
  }

  private static int ownInt(Optional<GgufMetadata> metadata, String name, int other) {
    return metadata.map(m -> m.integer(META + name, 0, Integer.MAX_VALUE, other)).orElse(other);
  }
}

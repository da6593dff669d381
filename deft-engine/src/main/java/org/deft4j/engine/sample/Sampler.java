package org.deft4j.engine.sample;

import java.util.Map;
import org.deft4j.kernels.sample.TokenSampler;
import org.deft4j.tree.decode.DecodeSpec;
import org.jspecify.annotations.Nullable;

/**
 * Chooses tokens from logits by a {@link DecodeSpec}: changes them by logit bias, repetition
 * penalty and a constraint, and draws by a {@link TokenSampler}. Keeps buffers; for one thread.
 */
public final class Sampler {
  private final int n;
  private final TokenSampler draws;
  private final float[] changed;
  private int[] stamp = new int[0];
  private int stamps;

  /** A sampler over a vocabulary of {@code n} tokens. */
  public Sampler(int n) {
    this.n = n;
    draws = new TokenSampler(n);
    changed = new float[n];
  }

  /** Tells the tokens of a branch's path; asked only when a repetition penalty needs them. */
  @FunctionalInterface
  public interface Path {
    /** The tokens in order. */
    int[] tokens();
  }

  /** Whether a spec changes logits before it draws, so that a backend cannot draw from its own. */
  public static boolean changesLogits(DecodeSpec spec, @Nullable LogitsConstraint constraint) {
    return !spec.logitBias().isEmpty() || spec.repetitionPenalty() != 1 || constraint != null;
  }

  /**
   * Chooses a token.
   *
   * @param logits one a token; not changed
   * @param spec filters, temperature, seed and stream
   * @param position of the token on its path
   * @param path the tokens before it
   * @param constraint what else is forbidden, if anything
   */
  public int sample(
      float[] logits,
      DecodeSpec spec,
      int position,
      Path path,
      @Nullable LogitsConstraint constraint) {
    float[] x = logits;
    if (changesLogits(spec, constraint)) {
      System.arraycopy(logits, 0, changed, 0, n);
      x = changed;
      change(x, spec, path);
      if (constraint != null) {
        constraint.mask(x);
      }
    }
    return draws.draw(x, 0, spec, position);
  }

  private void change(float[] x, DecodeSpec spec, Path path) {
    for (Map.Entry<Integer, Float> e : spec.logitBias().entrySet()) {
      x[e.getKey()] += e.getValue();
    }
    float penalty = spec.repetitionPenalty();
    if (penalty != 1) {
      if (stamp.length == 0) {
        stamp = new int[n];
      }
      stamps++;
      for (int t : path.tokens()) {
        if (stamp[t] != stamps) {
          stamp[t] = stamps;
          x[t] = x[t] > 0 ? x[t] / penalty : x[t] * penalty;
        }
      }
    }
  }
}

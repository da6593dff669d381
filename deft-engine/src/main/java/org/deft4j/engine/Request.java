package org.deft4j.engine;

import org.deft4j.engine.sample.LogitsConstraint;
import org.deft4j.engine.sample.Sampler;
import org.deft4j.engine.sample.StopStrings;
import org.deft4j.tree.decode.DecodeSpec;
import org.jspecify.annotations.Nullable;

/** What a busy node waits for. */
abstract sealed class Request {
  /** Sampling. */
  static final class Decode extends Request {
    final DecodeSpec spec;
    final int[] stopTokens;
    final @Nullable StopStrings stops;
    final @Nullable LogitsConstraint constraint;

    /** Whether logits change before a token is drawn: then the backend cannot draw it. */
    final boolean changesLogits;

    int sampled;
    double logProb;

    Decode(DecodeSpec spec, @Nullable StopStrings stops, @Nullable LogitsConstraint constraint) {
      this.spec = spec;
      this.stops = stops;
      this.constraint = constraint;
      changesLogits = Sampler.changesLogits(spec, constraint);
      stopTokens = spec.stopTokens().stream().mapToInt(Integer::intValue).toArray();
    }

    boolean stopsAt(int token) {
      for (int s : stopTokens) {
        if (s == token) {
          return true;
        }
      }
      return false;
    }
  }

  /** Given tokens, which stand at positions {@code [first, end)} of the path. */
  static final class Extend extends Request {
    final int first;
    final int[] tokens;
    final EndPoint before;

    /** The first {@code known} are computed; empty if they are not asked for. */
    final float[] logProbs;

    int known;

    /** Whether all that was asked for is computed. */
    boolean done;

    Extend(int first, int[] tokens, EndPoint before, boolean logProbs) {
      this.first = first;
      this.tokens = tokens;
      this.before = before;
      this.logProbs = new float[logProbs ? tokens.length : 0];
    }

    int end() {
      return first + tokens.length;
    }
  }

  /** Candidates for the next token. */
  static final class Choices extends Request {
    final int[] tokens;

    Choices(int[] tokens) {
      this.tokens = tokens;
    }
  }
}

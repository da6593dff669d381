package org.deft4j.runtime.text;

import java.util.Arrays;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.NodeId;
import org.deft4j.tree.decode.TreeDecoder;

/**
 * How well a model foretells a text: the exponential of the mean negative log-probability of its
 * tokens, computed in windows. Of each window only the second half counts, which has at least half
 * a window before it: the convention of llama.cpp's tool, so that figures can be compared.
 */
public final class Perplexity {
  /**
   * A result.
   *
   * @param perplexity exp(mean negative log-probability)
   * @param error its standard error
   * @param tokens tokens that counted
   * @param windows windows that were computed
   */
  public record Result(double perplexity, double error, long tokens, int windows) {}

  /** Hears of progress. */
  @FunctionalInterface
  public interface Listener {
    /** A window was computed; {@code soFar} is the perplexity up to there. */
    void window(int done, int of, double soFar);
  }

  private Perplexity() {}

  /**
   * Measures.
   *
   * @param tokens the text
   * @param window tokens a window, at least 4 and at most the context
   * @throws IllegalArgumentException if the text has less than one window
   */
  public static Result of(TreeDecoder decoder, int[] tokens, int window, Listener listener) {
    if (window < 4 || window > decoder.capabilities().contextLength()) {
      throw new IllegalArgumentException(
          "a window must have 4 to "
              + decoder.capabilities().contextLength()
              + " tokens, was "
              + window);
    }
    int windows = tokens.length / window;
    if (windows == 0) {
      throw new IllegalArgumentException(
          "the text has " + tokens.length + " tokens, less than one window of " + window);
    }
    int[] begin = decoder.codec().encodePrompt("", true);
    double sum = 0;
    double squares = 0;
    long n = 0;
    for (int w = 0; w < windows; w++) {
      int[] part = Arrays.copyOfRange(tokens, w * window, (w + 1) * window);
      if (begin.length > 0) {
        // As in training, a sequence begins with its token.
        part[0] = begin[0];
      }
      float[] logProbs = logProbs(decoder, part);
      for (int i = window / 2; i < window; i++) {
        double x = -logProbs[i];
        sum += x;
        squares += x * x;
        n++;
      }
      listener.window(w + 1, windows, Math.exp(sum / n));
    }
    double mean = sum / n;
    double variance = Math.max(0, squares / n - mean * mean);
    double perplexity = Math.exp(mean);
    double error = n > 1 ? perplexity * Math.sqrt(variance / (n - 1)) : 0;
    return new Result(perplexity, error, n, windows);
  }

  /** Log-probability of each token after those before it; of the first 0. */
  private static float[] logProbs(TreeDecoder decoder, int[] tokens) {
    NodeId root = decoder.root(new int[] {tokens[0]});
    try {
      decoder.extend(root, Arrays.copyOfRange(tokens, 1, tokens.length), true);
      float[] all = new float[tokens.length];
      while (decoder.busy()) {
        decoder.step(event -> {
          if (event instanceof DecodeEvent.Extended e && e.node().equals(root)) {
            System.arraycopy(e.logProbs(), 0, all, 1, e.logProbs().length);
          }
        });
      }
      return all;
    } finally {
      decoder.release(root);
    }
  }
}

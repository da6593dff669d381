package org.deft4j.runtime.text;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.FinishReason;
import org.deft4j.tree.decode.NodeId;
import org.deft4j.tree.decode.TokenCodec;
import org.deft4j.tree.decode.TreeDecoder;

/**
 * Continues a prompt, once or several times side by side, telling the text as it comes.
 *
 * <p>Several continuations are forks of one node: the prompt is computed and kept once.
 */
public final class TextGenerator {
  private final TreeDecoder decoder;
  private final AtomicBoolean cancelled = new AtomicBoolean();

  /** A generator on a model; for one thread, but for {@link #cancel}. */
  public TextGenerator(TreeDecoder decoder) {
    this.decoder = decoder;
  }

  /** Hears the text of a continuation as it becomes certain. */
  @FunctionalInterface
  public interface Listener {
    /**
     * More text.
     *
     * @param sample which continuation, from 0
     * @param text whole characters, never empty; nothing of a stop string
     */
    void text(int sample, String text);
  }

  /**
   * A continuation.
   *
   * @param text its text, up to a stop string
   * @param finish why it ended
   * @param tokens how many tokens were sampled
   * @param logProb sum of their log-probabilities
   */
  public record Continuation(String text, FinishReason finish, int tokens, double logProb) {}

  /** Ends what is running, from any thread; what was generated is returned. */
  public void cancel() {
    cancelled.set(true);
  }

  private static final class Branch {
    final int sample;
    final TokenCodec.TextStream stream;
    final List<String> stops;
    final StringBuilder text = new StringBuilder();
    int told;
    boolean stopped;
    DecodeEvent.Finished finished;

    Branch(int sample, TokenCodec codec, List<String> stops, NodeId id) {
      this.sample = sample;
      stream = codec.stream();
      this.stops = stops;
      finished = new DecodeEvent.Finished(id, FinishReason.CANCELLED, 0, 0);
    }

    /** Takes text in and tells what cannot belong to a stop string any more. */
    void take(String part, boolean end, Listener listener) {
      if (stopped) {
        return;
      }
      text.append(part);
      int certain = text.length();
      for (String stop : stops) {
        int at = text.indexOf(stop, Math.max(0, told - stop.length()));
        if (at >= 0) {
          text.setLength(at);
          stopped = true;
          certain = Math.min(certain, at);
        }
      }
      if (!stopped && !end) {
        for (String stop : stops) {
          for (int n = Math.min(stop.length() - 1, certain); n > 0; n--) {
            if (stop.startsWith(text.substring(text.length() - n))) {
              certain = Math.min(certain, text.length() - n);
              break;
            }
          }
        }
      }
      if (certain > told) {
        listener.text(sample, text.substring(told, certain));
        told = certain;
      }
    }
  }

  /**
   * Continues a prompt.
   *
   * @param prompt at least one token
   * @param spec sampling; continuation i uses stream i
   * @param samples how many continuations, at least 1
   */
  public List<Continuation> run(int[] prompt, DecodeSpec spec, int samples, Listener listener) {
    TokenCodec codec = decoder.codec();
    NodeId root = decoder.root(prompt);
    try {
      List<NodeId> leaves =
          samples == 1 ? List.of(root) : decoder.fork(root, prompt.length, samples);
      List<Branch> branches = new ArrayList<>();
      for (int i = 0; i < samples; i++) {
        branches.add(new Branch(i, codec, spec.stopStrings(), leaves.get(i)));
        decoder.decode(leaves.get(i), spec.toBuilder().seed(spec.seed(), i).build());
      }
      while (decoder.busy()) {
        if (cancelled.get()) {
          leaves.forEach(decoder::cancel);
        }
        decoder.step(event -> hear(event, leaves, branches, spec, listener));
      }
      return branches.stream()
          .map(b ->
              new Continuation(
                  b.text.toString(),
                  b.finished.reason(),
                  b.finished.tokens(),
                  b.finished.logProb()))
          .toList();
    } finally {
      decoder.release(root);
    }
  }

  private static void hear(
      DecodeEvent event,
      List<NodeId> leaves,
      List<Branch> branches,
      DecodeSpec spec,
      Listener listener) {
    int i = leaves.indexOf(event.node());
    if (i < 0) {
      return;
    }
    Branch b = branches.get(i);
    switch (event) {
      case DecodeEvent.Sampled s -> {
        if (!spec.stopTokens().contains(s.token())) {
          b.take(b.stream.accept(s.token()), false, listener);
        }
      }
      case DecodeEvent.Finished f -> {
        b.finished = f;
        b.take(b.stream.finish(), true, listener);
      }
      default -> {}
    }
  }
}

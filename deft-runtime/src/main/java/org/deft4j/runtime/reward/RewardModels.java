package org.deft4j.runtime.reward;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.deft4j.search.evaluate.RewardModel;
import org.deft4j.search.evaluate.TextReward;
import org.deft4j.search.evaluate.ThoughtEvaluator;
import org.deft4j.search.spi.EvaluatorFactory;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.tree.decode.TreeDecoder;

/**
 * Makes {@code reward-model}. Evaluators of the same options share one second model and its mirror
 * tree; it is opened when a search begins, not when an evaluator is made, and closed with this.
 */
public final class RewardModels implements EvaluatorFactory, AutoCloseable {
  private static final List<OptionSpec> OPTIONS =
      List.of(
          new OptionSpec("model", "", "the second model: a name, a path or org/name of the hub"),
          new OptionSpec("ask", "\\nIs this step right?", "asked after a step, then forgotten"),
          new OptionSpec("tag", "", "in place of ask: stays behind every step; scored there"),
          new OptionSpec("good", " yes", "the word of a good step, one token of the model"),
          new OptionSpec("bad", " no", "the word of a bad step"),
          new OptionSpec("steps", "4096", "most steps whose keys and values are kept, >= 1"),
          new OptionSpec("limit", "60", "seconds for one score, after which it is 0"));

  private final Function<String, TreeDecoder> opener;
  private final Map<Map<String, String>, Opened> open = new HashMap<>();

  private record Opened(TreeDecoder decoder, RewardModel model) {}

  /**
   * A factory.
   *
   * @param opener opens a model by name or path
   */
  public RewardModels(Function<String, TreeDecoder> opener) {
    this.opener = opener;
  }

  @Override
  public String description() {
    return "scores each new step by a second model, whose tree mirrors the search's";
  }

  @Override
  public List<OptionSpec> options() {
    return OPTIONS;
  }

  @Override
  public ThoughtEvaluator create(Options options) {
    options.requireKnown("evaluator " + RewardModel.NAME, OPTIONS);
    String model = options.text("model", "");
    if (model.isBlank()) {
      throw new IllegalArgumentException(
          "evaluator "
              + RewardModel.NAME
              + " needs the second model: -E model=NAME-OR-PATH; '-E tag=...' and '-E ask=...' say"
              + " how it reads");
    }
    String tag = unescaped(options.text("tag", ""));
    String ask = unescaped(options.text("ask", "\nIs this step right?"));
    if (options.has("tag") && options.has("ask")) {
      throw new IllegalArgumentException("options tag and ask exclude each other");
    }
    boolean stays = !tag.isEmpty();
    TextReward format =
        new TextReward(
            stays ? tag : ask,
            stays,
            unescaped(options.text("good", " yes")),
            unescaped(options.text("bad", " no")));
    int steps = options.integer("steps", 4096, 1);
    double limit = options.number("limit", 60, 0.001, 1e6);
    return new LazyReward(() -> opened(options.asMap(), model, format, steps, limit));
  }

  /** Options come from a command line, where a line break is hard to write. */
  private static String unescaped(String text) {
    return text.replace("\\n", "\n");
  }

  private synchronized RewardModel opened(
      Map<String, String> options, String model, TextReward format, int steps, double limit) {
    Opened known = open.get(options);
    if (known == null) {
      TreeDecoder decoder = opener.apply(model);
      try {
        // Words that are no tokens are refused before anything is searched.
        format.question(decoder.codec());
      } catch (RuntimeException e) {
        decoder.close();
        throw e;
      }
      Duration longest = Duration.ofNanos((long) (limit * 1e9));
      known = new Opened(decoder, new RewardModel(decoder, format, steps, longest));
      open.put(options, known);
    }
    return known.model();
  }

  /** Closes what was opened; evaluators made before open it again when they are used. */
  @Override
  public synchronized void close() {
    open.values()
        .forEach(o -> {
          o.model().close();
          o.decoder().close();
        });
    open.clear();
  }
}

package org.deft4j.search.evaluate;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.evaluate.Evaluation.Probe;
import org.deft4j.search.evaluate.Evaluation.Reading;
import org.deft4j.search.spi.EvaluatorFactory;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.strategy.ThoughtGenerator.Sampling;
import org.deft4j.tree.DeftException;

/**
 * Lets the model rate a thought in words, several times, and takes the mean of what the words are
 * worth (the value prompt of tree of thoughts; Yao et al., 2023). Each opinion is written on a
 * branch forked at the thought, which computes the question alone. An answer without any of the
 * labels does not count; where none counts the thought scores 0.
 */
public final class ValueEvaluator implements ThoughtEvaluator {
  /** Its name. */
  public static final String NAME = "value";

  private final int samples;
  private final double temperature;
  private final double threshold;

  /** 3 opinions at temperature 0.7, as in the paper, that never call a thought solved. */
  public ValueEvaluator() {
    this(3, 0.7, 2);
  }

  /**
   * An evaluator.
   *
   * @param samples opinions on a thought, at least 1
   * @param temperature of sampling them
   * @param threshold an answer of at least this mean counts as solved; above 1 for never
   */
  public ValueEvaluator(int samples, double temperature, double threshold) {
    if (samples < 1) {
      throw new IllegalArgumentException("samples must be at least 1, was " + samples);
    }
    this.samples = samples;
    this.temperature = temperature;
    this.threshold = threshold;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public boolean oracle() {
    return false;
  }

  @Override
  public Evaluation plan(Problem problem, PromptLayout layout, List<List<Thought>> paths) {
    List<Probe> probes = new ArrayList<>();
    List<Map<String, Double>> labels = new ArrayList<>();
    for (List<Thought> path : paths) {
      PromptLayout.Rating rating =
          layout
              .rate(path)
              .orElseThrow(() ->
                  new DeftException(
                      DeftException.USAGE,
                      "task "
                          + problem.task()
                          + " has no rating for this model: use another evaluator than value"));
      labels.add(rating.labels());
      for (int i = 0; i < samples; i++) {
        probes.add(
            new Probe.Write(
                path.getLast().ordinal(),
                rating.stage(),
                Sampling.GREEDY.withTemperature(temperature)));
      }
    }
    return new Evaluation(
        probes,
        readings -> {
          List<Score> scores = new ArrayList<>();
          for (int i = 0; i < labels.size(); i++) {
            boolean answers = paths.get(i).getLast().answer().isPresent();
            scores.add(
                score(readings.subList(i * samples, (i + 1) * samples), labels.get(i), answers));
          }
          return scores;
        });
  }

  private Score score(List<Reading> readings, Map<String, Double> labels, boolean answers) {
    double[] values =
        readings.stream()
            .map(r -> read(r.text(), labels))
            .filter(OptionalDouble::isPresent)
            .mapToDouble(OptionalDouble::getAsDouble)
            .toArray();
    if (values.length == 0) {
      return new Score(0, false, NAME);
    }
    double mean = 0;
    for (double v : values) {
      mean += v / values.length;
    }
    double variance = 0;
    for (double v : values) {
      variance += (v - mean) * (v - mean) / values.length;
    }
    double value = Math.min(1, Math.max(0, mean));
    return new Score(value, variance, values.length, answers && value >= threshold, NAME);
  }

  /** What the last label in the text is worth; of two that begin at one place, the longer. */
  private static OptionalDouble read(String text, Map<String, Double> labels) {
    String lower = text.toLowerCase(Locale.ROOT);
    int last = -1;
    int length = 0;
    double value = 0;
    for (Map.Entry<String, Double> label : labels.entrySet()) {
      String name = label.getKey().toLowerCase(Locale.ROOT);
      int at = lower.lastIndexOf(name);
      // "impossible" must not be read as "possible".
      int end = at + name.length();
      if (at >= 0 && (end > last + length || end == last + length && name.length() > length)) {
        last = at;
        length = name.length();
        value = label.getValue();
      }
    }
    return last < 0 ? OptionalDouble.empty() : OptionalDouble.of(value);
  }

  /** Makes it by name. */
  public static final class Factory implements EvaluatorFactory {
    @Override
    public String description() {
      return "the model rates a thought in words, several times; the mean of their worth";
    }

    @Override
    public List<OptionSpec> options() {
      return List.of(
          new OptionSpec("samples", "3", "opinions on a thought, >= 1"),
          new OptionSpec("temperature", "0.7", "of sampling them, 0 or more"),
          new OptionSpec(
              "threshold",
              "2",
              "mean from which on an answer counts as solved; above 1 for never"));
    }

    @Override
    public ThoughtEvaluator create(Options options) {
      options.requireKnown("evaluator " + NAME, options());
      return new ValueEvaluator(
          options.integer("samples", 3, 1),
          options.number("temperature", 0.7, 0, 100),
          options.number("threshold", 2, 0, 2));
    }
  }
}

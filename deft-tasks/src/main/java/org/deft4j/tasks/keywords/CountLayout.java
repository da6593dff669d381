package org.deft4j.tasks.keywords;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.tasks.tagged.TaggedLayout;
import org.deft4j.tasks.tagged.Tags;
import org.deft4j.tree.decode.TokenCodec;

/**
 * Keyword counting for a model that was trained on it: {@code <|bos|><|count|>TEXT<|solve|> Norway,
 * Sweden, Norway<|answer|> Norway 2, Sweden 1<|end|>}, every mention in order and then the counts,
 * which are the answer.
 */
final class CountLayout extends TaggedLayout {
  /** The tag of the task. */
  static final String TAG = "<|count|>";

  private static final String ANSWER = "<|answer|>";
  private static final int SLACK = 64;
  private static final int MOST_JOINED = 4;

  private final KeywordProblem problem;
  private final int answer;
  private final int textTokens;

  private CountLayout(KeywordProblem problem, Tags tags, List<Integer> text, int answer) {
    super(tags, text, Tags.CONTEXT);
    this.problem = problem;
    this.answer = answer;
    this.textTokens = text.size();
    requireProblem("the text", Tags.MOST_PROBLEM);
  }

  /** The layout for a vocabulary that has the tags. */
  static Optional<CountLayout> of(KeywordProblem problem, TokenCodec codec) {
    return codec.id(ANSWER).isEmpty()
        ? Optional.empty()
        : Tags.ofText(codec, TAG)
            .map(t ->
                new CountLayout(problem, t, t.encode(problem.text()), codec.id(ANSWER).getAsInt()));
  }

  @Override
  protected int answerTokens() {
    return textTokens + SLACK;
  }

  @Override
  protected ThoughtState readAnswer(List<Integer> tokens) {
    int at = tokens.indexOf(answer);
    if (at < 0 || at != tokens.lastIndexOf(answer)) {
      return new ThoughtState.Dead("no counts after the mentions");
    }
    return Counts.parseList(tags().decode(tokens.subList(at + 1, tokens.size())))
        .<ThoughtState>map(
            counts -> new ThoughtState.Answer(counts.only(problem.names()).toString()))
        .orElse(new ThoughtState.Dead("no counts like Norway 2, Sweden 1"));
  }

  @Override
  protected int mostJoined() {
    return MOST_JOINED;
  }

  /** The counts alone, in the order in which the model wrote them. */
  @Override
  protected List<Integer> joined(Thought thought) {
    Map<String, Integer> counts =
        thought.answer().flatMap(Counts::parse).map(Counts::byName).orElseThrow();
    return tags()
        .encode(
            counts.entrySet().stream()
                .map(e -> " " + e.getKey() + " " + e.getValue())
                // They stand last, after mentions without numbers.
                .sorted(Comparator.comparingInt(thought.text()::lastIndexOf))
                .collect(Collectors.joining(",")));
  }
}

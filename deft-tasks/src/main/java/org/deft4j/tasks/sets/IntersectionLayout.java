package org.deft4j.tasks.sets;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.tasks.tagged.TaggedLayout;
import org.deft4j.tasks.tagged.Tags;
import org.deft4j.tasks.text.Numbers;
import org.deft4j.tree.DeftException;

/**
 * Set intersection for a model that was trained on it: {@code <|bos|><|intersect|>137 42 7<|sep|>9
 * 42 137<|solve|>42 137<|end|>}, the numbers of the second set that are in the first.
 */
final class IntersectionLayout extends TaggedLayout {
  /** The tag of the task. */
  static final String TAG = "<|intersect|>";

  private static final int LARGEST = 255;
  private static final int SLACK = 16;
  private static final int MOST_JOINED = 4;
  private static final Pattern ANSWER = Pattern.compile("(?:\\d{1,6}(?: \\d{1,6})*)?");

  private final SetIntersectionProblem problem;

  IntersectionLayout(SetIntersectionProblem problem, Tags tags) {
    super(tags, sets(problem, tags), Tags.CONTEXT);
    this.problem = problem;
    Stream.concat(problem.first().stream(), problem.second().stream())
        .filter(n -> n < 0 || n > LARGEST)
        .findFirst()
        .ifPresent(n -> {
          throw new DeftException(
              DeftException.USAGE,
              "this model knows the numbers 0 to "
                  + LARGEST
                  + ", not "
                  + n
                  + ": take others, or another model with --model");
        });
    requireProblem("the two sets", Tags.MOST_PROBLEM);
  }

  private static List<Integer> sets(SetIntersectionProblem problem, Tags tags) {
    List<Integer> ids = new ArrayList<>(tags.encode(spaced(problem.first())));
    ids.add(tags.sep());
    ids.addAll(tags.encode(spaced(problem.second())));
    return ids;
  }

  private static String spaced(List<Integer> numbers) {
    return numbers.stream().map(String::valueOf).collect(Collectors.joining(" "));
  }

  @Override
  protected int answerTokens() {
    return tags().encode(spaced(problem.second())).size() + SLACK;
  }

  @Override
  protected ThoughtState readAnswer(List<Integer> tokens) {
    if (tokens.contains(tags().sep())) {
      return new ThoughtState.Dead("no list of numbers that ends");
    }
    String text = tags().decode(tokens);
    if (!ANSWER.matcher(text).matches()) {
      return new ThoughtState.Dead("no list of numbers that ends");
    }
    // A set: the order does not matter, so that equal answers are one state.
    List<Integer> numbers =
        text.isEmpty()
            ? List.of()
            : Arrays.stream(text.split(" ")).map(Integer::valueOf).sorted().toList();
    return new ThoughtState.Answer(Numbers.write(numbers));
  }

  @Override
  protected int mostJoined() {
    return MOST_JOINED;
  }

  /** As the model wrote it: in the order of the second set. */
  @Override
  protected List<Integer> joined(Thought answer) {
    return tags().encode(answer.text());
  }
}

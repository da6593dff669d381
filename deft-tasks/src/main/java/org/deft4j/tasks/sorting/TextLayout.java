package org.deft4j.tasks.sorting;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Question;
import org.deft4j.search.spi.Stage;
import org.deft4j.tree.decode.FinishReason;
import org.deft4j.tree.decode.TokenCodec;

/**
 * Sorting for any model of text: an instruction with worked examples and the list come first,
 * shared by all stages, and each stage's own words last.
 */
final class TextLayout implements PromptLayout {
  private static final String HEAD =
      """
      Sort the list of digits in ascending order.
      The output has every digit of the input, as often as it occurs there.

      Input: [5, 1, 0, 1, 2, 0, 4, 8]
      Output: [0, 0, 1, 1, 2, 4, 5, 8]

      Input: [3, 7, 0, 2, 8, 1, 2, 2, 2, 4, 7, 8, 5, 5, 3, 9]
      Output: [0, 1, 2, 2, 2, 2, 3, 3, 4, 5, 5, 7, 7, 8, 8, 9]

      Input:\
      """;
  private static final String SOLVE = "\nOutput:";
  private static final String IMPROVE =
      "\n\n"
          + "The output above has mistakes: digits are missing, added or out of order.\n"
          + "Right output:";
  private static final String JUDGE =
      """


      Is the output above the sorted input, with every digit as often as there? Yes or no?
      Answer:\
      """;
  private static final String VOTE = "\nThe output with the fewest mistakes is";
  private static final int MOST_IMPROVES = 3;
  private static final int SLACK = 16;

  private final Digits list;
  private final TokenCodec codec;
  private final int maxTokens;

  TextLayout(Digits list, TokenCodec codec) {
    this.list = list;
    this.codec = codec;
    this.maxTokens = codec.encode(" " + list).length + SLACK;
  }

  @Override
  public List<Integer> root() {
    return ids(codec.encodePrompt(HEAD + " " + list, true));
  }

  @Override
  public Optional<Stage> next(List<Thought> path) {
    if (path.getLast().isRoot()) {
      return Optional.of(stage("solve", SOLVE));
    }
    long improves = path.stream().filter(t -> t.stage().equals("improve")).count();
    return path.getLast().answer().isPresent() && improves < MOST_IMPROVES
        ? Optional.of(stage("improve", IMPROVE))
        : Optional.empty();
  }

  private Stage stage(String name, String words) {
    List<Integer> end =
        codec.endOfSequence().isPresent() ? List.of(codec.endOfSequence().getAsInt()) : List.of();
    return new Stage(name, plain(words), maxTokens, end, List.of("]"));
  }

  @Override
  public ThoughtState read(
      List<Thought> path, String stage, List<Integer> tokens, String text, FinishReason reason) {
    int close = text.indexOf(']');
    int open = close < 0 ? -1 : text.lastIndexOf('[', close);
    if (open < 0) {
      return new ThoughtState.Dead("no list");
    }
    try {
      return new ThoughtState.Answer(Digits.parse(text.substring(open, close + 1)).toString());
    } catch (IllegalArgumentException e) {
      return new ThoughtState.Dead(String.valueOf(e.getMessage()));
    }
  }

  @Override
  public Optional<Question> judge(List<Thought> path) {
    if (path.getLast().answer().isEmpty()) {
      return Optional.empty();
    }
    return answers(List.of("Yes", "No")).map(a -> new Question(plain(JUDGE), a));
  }

  @Override
  public Optional<Question> vote(List<Thought> candidates) {
    if (candidates.size() < 2 || candidates.size() > 26) {
      return Optional.empty();
    }
    StringBuilder words = new StringBuilder("\n\nOutputs:\n");
    List<String> names = new ArrayList<>();
    for (Thought t : candidates) {
      char name = (char) ('A' + names.size());
      names.add("" + name);
      words.append(name).append(": ").append(t.answer().orElse(t.text())).append('\n');
    }
    return answers(names).map(a -> new Question(plain(words + VOTE), a));
  }

  /** The tokens that begin these words after a space, or without one, if they differ. */
  private Optional<List<Integer>> answers(List<String> words) {
    for (String space : List.of(" ", "")) {
      List<Integer> first = words.stream().map(w -> codec.encode(space + w)[0]).toList();
      if (new HashSet<>(first).size() == words.size()) {
        return Optional.of(first);
      }
    }
    return Optional.empty();
  }

  private List<Integer> plain(String words) {
    return ids(codec.encode(words));
  }

  private static List<Integer> ids(int[] tokens) {
    return Arrays.stream(tokens).boxed().toList();
  }
}

package org.deft4j.examples;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Stage;
import org.deft4j.tree.decode.FinishReason;
import org.deft4j.tree.decode.TokenCodec;

/** The prompts of {@link MaximumProblem}: an example and the list first, then the question. */
final class MaximumLayout implements PromptLayout {
  private static final String HEAD =
      """
      Numbers: 4 17 9
      Largest: 17

      Numbers:\
      """;
  private static final int MAX_TOKENS = 12;
  private static final Pattern NUMBER = Pattern.compile("-?\\d+");

  private final String list;
  private final TokenCodec codec;

  MaximumLayout(String list, TokenCodec codec) {
    this.list = list;
    this.codec = codec;
  }

  @Override
  public List<Integer> root() {
    return ids(codec.encodePrompt(HEAD + " " + list, true));
  }

  @Override
  public Optional<Stage> next(List<Thought> path) {
    if (!path.getLast().isRoot()) {
      return Optional.empty();
    }
    List<Integer> stop =
        codec.endOfSequence().isPresent() ? List.of(codec.endOfSequence().getAsInt()) : List.of();
    return Optional.of(
        new Stage("answer", ids(codec.encode("\nLargest:")), MAX_TOKENS, stop, List.of("\n")));
  }

  @Override
  public ThoughtState read(
      List<Thought> path, String stage, List<Integer> tokens, String text, FinishReason reason) {
    Matcher m = NUMBER.matcher(text);
    return m.find() ? new ThoughtState.Answer(m.group()) : new ThoughtState.Dead("no number");
  }

  private static List<Integer> ids(int[] tokens) {
    return Arrays.stream(tokens).boxed().toList();
  }
}

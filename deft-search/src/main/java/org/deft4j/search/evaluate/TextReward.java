package org.deft4j.search.evaluate;

import java.util.List;
import org.deft4j.search.Thought;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Question;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.TokenCodec;

/**
 * How reward models read plain text: the problem on a line, then the steps as they were written.
 * The score is the probability of one word against another where the model is asked: after a tag
 * that stays behind every step (Math-Shepherd; Wang et al., 2024), or after a question about the
 * last step that is forgotten when it is answered.
 *
 * @param ask the tag or the question
 * @param stays whether it stays behind the step: a tag does
 * @param good the word of a good step, one token of the model
 * @param bad the word of a bad one
 */
public record TextReward(String ask, boolean stays, String good, String bad)
    implements RewardModel.Format {

  @Override
  public int[] problem(Problem problem, TokenCodec codec) {
    return codec.encodePrompt(problem.text() + "\n", true);
  }

  @Override
  public int[] step(Thought step, TokenCodec codec) {
    String text = step.text() + (stays ? ask : "");
    // A step without a word still is one.
    return codec.encode(text.isEmpty() ? "\n" : text);
  }

  /**
   * What asks for the score.
   *
   * @throws DeftException with exit code 2 if a word is not one token of the model, or both are the
   *     same
   */
  @Override
  public Question question(TokenCodec codec) {
    int yes = word("good", good, codec);
    int no = word("bad", bad, codec);
    if (yes == no) {
      throw new DeftException(
          DeftException.USAGE,
          "reward model: '" + good + "' and '" + bad + "' are the same token of this model");
    }
    return new Question(stays ? List.of() : boxed(codec.encode(ask)), List.of(yes, no));
  }

  private static List<Integer> boxed(int[] tokens) {
    return java.util.Arrays.stream(tokens).boxed().toList();
  }

  /** The token of a word; vocabularies of pieces may put a space of its own before it. */
  private static int word(String option, String word, TokenCodec codec) {
    int[] tokens = codec.encode(word);
    boolean spaced = tokens.length == 2 && codec.decode(new int[] {tokens[0]}).isBlank();
    if (tokens.length != 1 && !spaced) {
      throw new DeftException(
          DeftException.USAGE,
          "reward model: option %s: '%s' is %d tokens of this model; it must be one"
              .formatted(option, word, tokens.length));
    }
    return tokens[tokens.length - 1];
  }
}

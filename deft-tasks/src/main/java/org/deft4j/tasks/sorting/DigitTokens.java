package org.deft4j.tasks.sorting;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.deft4j.tasks.tagged.Tags;
import org.deft4j.tree.decode.TokenCodec;

/**
 * The tokens of a model that was trained on this task: one for each digit, without separators, and
 * tags for the stages. Builds its prompts and reads its answers.
 */
public final class DigitTokens {
  private final Tags tags;
  private final int[] digits;
  private final int split;

  private DigitTokens(Tags tags, int[] digits, int split) {
    this.tags = tags;
    this.digits = digits;
    this.split = split;
  }

  /** The tokens of this vocabulary, if it has them all. */
  public static Optional<DigitTokens> of(TokenCodec codec) {
    int[] digits = new int[10];
    for (int d = 0; d < digits.length; d++) {
      OptionalInt id = codec.id("" + d);
      if (id.isEmpty()) {
        return Optional.empty();
      }
      digits[d] = id.getAsInt();
    }
    OptionalInt split = codec.id("<|split|>");
    return split.isEmpty()
        ? Optional.empty()
        : Tags.of(codec, "<|list|>").map(t -> new DigitTokens(t, digits, split.getAsInt()));
  }

  /** {@code <|bos|><|list|>310254}: what all stages of a list share. */
  public List<Integer> root(Digits values) {
    List<Integer> tokens = new ArrayList<>(List.of(tags.bos(), tags.task()));
    tokens.addAll(ids(values));
    return tokens;
  }

  /** {@code <|bos|><|list|>0134<|sep|>2259<|merge|>}: two sorted lists to be one. */
  public List<Integer> merge(Digits left, Digits right) {
    List<Integer> tokens = root(left);
    tokens.add(tags.sep());
    tokens.addAll(ids(right));
    tokens.add(tags.merge());
    return tokens;
  }

  /** {@code <|bos|><|list|>310254<|split|>}: a list to be halved. */
  public List<Integer> split(Digits values) {
    List<Integer> tokens = root(values);
    tokens.add(split);
    return tokens;
  }

  /** The tokens of digits alone. */
  List<Integer> ids(Digits values) {
    return values.values().stream().map(d -> digits[d]).toList();
  }

  /** Reads {@code 012345<|end|>}; empty unless it is just that. */
  public Optional<Digits> answer(List<Integer> tokens) {
    return lists(tokens).filter(l -> l.size() == 1).map(List::getFirst);
  }

  /** Reads {@code 310<|sep|>254<|end|>}; empty unless it is two lists, neither empty. */
  public Optional<List<Digits>> halves(List<Integer> tokens) {
    return lists(tokens).filter(l -> l.size() == 2 && l.stream().noneMatch(d -> d.size() == 0));
  }

  /** The lists between separators, if there is nothing else but the end. */
  private Optional<List<Digits>> lists(List<Integer> tokens) {
    if (tokens.isEmpty() || tokens.getLast() != tags.end()) {
      return Optional.empty();
    }
    List<Digits> lists = new ArrayList<>();
    List<Integer> open = new ArrayList<>();
    for (int token : tokens.subList(0, tokens.size() - 1)) {
      int digit = digit(token);
      if (digit >= 0) {
        open.add(digit);
      } else if (token == tags.sep()) {
        lists.add(new Digits(open));
        open.clear();
      } else {
        return Optional.empty();
      }
    }
    lists.add(new Digits(open));
    return Optional.of(lists);
  }

  private int digit(int token) {
    for (int d = 0; d < digits.length; d++) {
      if (digits[d] == token) {
        return d;
      }
    }
    return -1;
  }

  /** The control tokens that every task has. */
  Tags tags() {
    return tags;
  }
}

package org.deft4j.tasks.sorting;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.deft4j.tree.decode.TokenCodec;

/**
 * The tokens of a model that was trained on this task: one for each digit, without separators, and
 * tags for the stages. Builds its prompts and reads its answers.
 */
public final class DigitTokens {
  private final int[] digits;
  private final int bos;
  private final int list;
  private final int solve;
  private final int improve;
  private final int judge;
  private final int yes;
  private final int no;
  private final int merge;
  private final int split;
  private final int sep;
  private final int end;

  private DigitTokens(int[] digits, int[] tags) {
    this.digits = digits;
    bos = tags[0];
    list = tags[1];
    solve = tags[2];
    improve = tags[3];
    judge = tags[4];
    yes = tags[5];
    no = tags[6];
    merge = tags[7];
    split = tags[8];
    sep = tags[9];
    end = tags[10];
  }

  /** The tokens of this vocabulary, if it has them all. */
  public static Optional<DigitTokens> of(TokenCodec codec) {
    Optional<int[]> digits = ids(codec, "0", "1", "2", "3", "4", "5", "6", "7", "8", "9");
    Optional<int[]> tags =
        ids(
            codec,
            "<|bos|>",
            "<|list|>",
            "<|solve|>",
            "<|improve|>",
            "<|judge|>",
            "<|yes|>",
            "<|no|>",
            "<|merge|>",
            "<|split|>",
            "<|sep|>",
            "<|end|>");
    return digits.flatMap(d -> tags.map(t -> new DigitTokens(d, t)));
  }

  private static Optional<int[]> ids(TokenCodec codec, String... spellings) {
    int[] ids = new int[spellings.length];
    for (int i = 0; i < ids.length; i++) {
      OptionalInt id = codec.id(spellings[i]);
      if (id.isEmpty()) {
        return Optional.empty();
      }
      ids[i] = id.getAsInt();
    }
    return Optional.of(ids);
  }

  /** {@code <|bos|><|list|>310254}: what all stages of a list share. */
  public List<Integer> root(Digits values) {
    List<Integer> tokens = new ArrayList<>(List.of(bos, list));
    add(tokens, values);
    return tokens;
  }

  /** {@code <|bos|><|list|>0134<|sep|>2259<|merge|>}: two sorted lists to be one. */
  public List<Integer> merge(Digits left, Digits right) {
    List<Integer> tokens = root(left);
    tokens.add(sep);
    add(tokens, right);
    tokens.add(merge);
    return tokens;
  }

  /** {@code <|bos|><|list|>310254<|split|>}: a list to be halved. */
  public List<Integer> split(Digits values) {
    List<Integer> tokens = root(values);
    tokens.add(split);
    return tokens;
  }

  private void add(List<Integer> tokens, Digits values) {
    values.values().forEach(d -> tokens.add(digits[d]));
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
    if (tokens.isEmpty() || tokens.getLast() != end) {
      return Optional.empty();
    }
    List<Digits> lists = new ArrayList<>();
    List<Integer> open = new ArrayList<>();
    for (int token : tokens.subList(0, tokens.size() - 1)) {
      int digit = digit(token);
      if (digit >= 0) {
        open.add(digit);
      } else if (token == sep) {
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

  /** Begins an answer. */
  public int solve() {
    return solve;
  }

  /** Asks for a better answer than the last. */
  public int improve() {
    return improve;
  }

  /** Asks whether the last answer is right. */
  public int judge() {
    return judge;
  }

  /** The judge's yes. */
  public int yes() {
    return yes;
  }

  /** The judge's no. */
  public int no() {
    return no;
  }

  /** Ends an answer. */
  public int end() {
    return end;
  }
}

package org.deft4j.tasks.tagged;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.deft4j.tree.decode.TokenCodec;

/**
 * The control tokens of a vocabulary made for tasks: one that names the task, and one for each
 * stage. Text between them is ordinary text, so nothing that a user writes can become a tag.
 */
public final class Tags {
  /** Longest path in tokens that models of text tasks were trained on. */
  public static final int CONTEXT = 4096;

  /** Longest problem in tokens that they were trained on, its two tags not counted. */
  public static final int MOST_PROBLEM = 2500;

  /**
   * A token that tells who was trained on text: models of sorting alone have the tags of all tasks
   * as well, but spell numbers digit by digit.
   */
  private static final String NUMBER = "255";

  private static final List<String> STAGES =
      List.of(
          "<|bos|>",
          "<|solve|>",
          "<|improve|>",
          "<|merge|>",
          "<|judge|>",
          "<|yes|>",
          "<|no|>",
          "<|sep|>",
          "<|end|>");

  private final TokenCodec codec;
  private final int task;
  private final int[] stages;

  private Tags(TokenCodec codec, int task, int[] stages) {
    this.codec = codec;
    this.task = task;
    this.stages = stages;
  }

  /**
   * The tags of a vocabulary, if it has them all.
   *
   * @param task spelling of the tag that names the task, for instance {@code <|list|>}
   */
  public static Optional<Tags> of(TokenCodec codec, String task) {
    OptionalInt own = codec.id(task);
    int[] ids = new int[STAGES.size()];
    for (int i = 0; i < ids.length; i++) {
      OptionalInt id = codec.id(STAGES.get(i));
      if (own.isEmpty() || id.isEmpty()) {
        return Optional.empty();
      }
      ids[i] = id.getAsInt();
    }
    return own.isEmpty() ? Optional.empty() : Optional.of(new Tags(codec, own.getAsInt(), ids));
  }

  /** The same of a vocabulary whose model was trained on text and numbers too. */
  public static Optional<Tags> ofText(TokenCodec codec, String task) {
    return codec.id(NUMBER).isPresent() ? of(codec, task) : Optional.empty();
  }

  /** The tokens of plain text. */
  public List<Integer> encode(String text) {
    List<Integer> ids = new ArrayList<>();
    for (int id : codec.encode(text)) {
      ids.add(id);
    }
    return ids;
  }

  /** The tokens of lines, each by itself and a line break between two. */
  public List<Integer> encode(List<String> lines) {
    List<Integer> ids = new ArrayList<>();
    for (String line : lines) {
      if (!ids.isEmpty()) {
        ids.addAll(encode("\n"));
      }
      ids.addAll(encode(line));
    }
    return ids;
  }

  /** The text of tokens. */
  public String decode(List<Integer> tokens) {
    return codec.decode(tokens.stream().mapToInt(Integer::intValue).toArray());
  }

  /** Begins a sequence. */
  public int bos() {
    return stages[0];
  }

  /** Names the task, at the start of its problem. */
  public int task() {
    return task;
  }

  /** Begins an answer. */
  public int solve() {
    return stages[1];
  }

  /** Asks for a better answer than the last. */
  public int improve() {
    return stages[2];
  }

  /** Begins the answers that are to become one. */
  public int merge() {
    return stages[3];
  }

  /** Asks whether the last answer is right. */
  public int judge() {
    return stages[4];
  }

  /** The judge's yes. */
  public int yes() {
    return stages[5];
  }

  /** The judge's no. */
  public int no() {
    return stages[6];
  }

  /** Stands between parts. */
  public int sep() {
    return stages[7];
  }

  /** Ends an answer. */
  public int end() {
    return stages[8];
  }
}

package org.deft4j.tasks.tagged;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.spi.Problem;
import org.deft4j.testing.ScriptedCodec;

/** Byte vocabularies with the tags of deft-mini, and what tests of its layouts share. */
public final class Vocabularies {
  private static final String[] TAGS = {
    "<|bos|>", "<|end|>", "<|list|>", "<|solve|>", "<|improve|>", "<|merge|>", "<|split|>",
    "<|judge|>", "<|sep|>", "<|yes|>", "<|no|>", "<|intersect|>", "<|count|>", "<|document|>",
    "<|answer|>"
  };

  /** All tags, of a model that was trained for sorting alone. */
  public static final ScriptedCodec DIGITS = new ScriptedCodec(TAGS);

  /** All tags, of a model that was trained on text and numbers. */
  public static final ScriptedCodec TEXT =
      new ScriptedCodec(
          Stream.concat(Arrays.stream(TAGS), Stream.of("255")).toArray(String[]::new));

  private Vocabularies() {}

  /** Tokens with tags spelled out. */
  public static String spell(List<Integer> tokens) {
    return TEXT.spell(tokens.stream().mapToInt(Integer::intValue).toArray());
  }

  /** The tokens of a text in which tags are spelled out. */
  public static List<Integer> tokens(String text) {
    return Arrays.stream(TEXT.encodePrompt(text, false)).boxed().toList();
  }

  /** The root of a problem's tree. */
  public static Thought root(Problem p) {
    return new Thought(
        0, -1, 0, "", "", new ThoughtState.Partial(p.text()), 0, 0, true, Optional.empty());
  }

  /** A thought below the root, as a layout reads it. */
  public static Thought thought(String stage, String written, ThoughtState state) {
    List<Integer> tokens = tokens(written);
    String text = TEXT.decode(tokens.stream().mapToInt(Integer::intValue).toArray());
    return new Thought(1, 0, 1, stage, text, state, tokens.size(), -1, true, Optional.empty());
  }
}

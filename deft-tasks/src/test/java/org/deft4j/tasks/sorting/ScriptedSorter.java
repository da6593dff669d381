package org.deft4j.tasks.sorting;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.deft4j.testing.ScriptedCodec;
import org.deft4j.testing.ScriptedDecoder;
import org.deft4j.testing.ScriptedModel;

/**
 * A model of the digit format that errs in a known way: a solution has as many wrong pairs as its
 * stream's remainder, an improvement repairs one, and the judge knows, within doubt.
 */
final class ScriptedSorter {
  static final ScriptedCodec CODEC =
      new ScriptedCodec(
          "<|bos|>",
          "<|end|>",
          "<|list|>",
          "<|sep|>",
          "<|solve|>",
          "<|improve|>",
          "<|judge|>",
          "<|yes|>",
          "<|no|>",
          "<|merge|>",
          "<|split|>");

  private ScriptedSorter() {}

  /**
   * A decoder.
   *
   * @param every every how many streams a solution is right; the others have up to that many wrong
   *     pairs
   */
  static ScriptedDecoder decoder(int every) {
    ScriptedModel writes =
        ScriptedModel.canned(CODEC, (prompt, stream) -> write(prompt, stream, every));
    return new ScriptedDecoder(
        CODEC,
        (path, from, stream) -> {
          if (path[path.length - 1] == CODEC.id("<|judge|>").orElseThrow()) {
            double yes = right(CODEC.spell(path)) ? .96 : .2;
            return ScriptedModel.weighted(
                CODEC.vocabularySize(),
                Map.of(
                    CODEC.id("<|yes|>").orElseThrow(),
                    yes,
                    CODEC.id("<|no|>").orElseThrow(),
                    1 - yes));
          }
          return writes.logProbs(path, from, stream);
        });
  }

  private static String write(String prompt, long stream, int every) {
    List<Character> sorted = list(prompt);
    Collections.sort(sorted);
    if (prompt.endsWith("<|solve|>")) {
      return wrong(sorted, (int) Math.floorMod(stream, (long) every)) + "<|end|>";
    }
    int wrong = 0;
    String last = lastAttempt(prompt);
    while (!wrong(sorted, wrong).equals(last)) {
      wrong++;
    }
    return wrong(sorted, Math.max(0, wrong - 1)) + "<|end|>";
  }

  /** The sorted list with its first {@code pairs} digits put to the end, reversed. */
  private static String wrong(List<Character> sorted, int pairs) {
    List<Character> digits = new ArrayList<>(sorted);
    for (int i = 0; i < pairs; i++) {
      digits.set(i, digits.get(i) == '9' ? '0' : '9');
    }
    return digits.stream().map(String::valueOf).collect(Collectors.joining());
  }

  private static boolean right(String prompt) {
    List<Character> sorted = list(prompt);
    Collections.sort(sorted);
    return wrong(sorted, 0).equals(lastAttempt(prompt.replace("<|judge|>", "<|improve|>")));
  }

  private static List<Character> list(String prompt) {
    String digits = prompt.substring("<|bos|><|list|>".length()).split("<", 2)[0];
    return digits.chars().mapToObj(c -> (char) c).collect(Collectors.toCollection(ArrayList::new));
  }

  private static String lastAttempt(String prompt) {
    String head = prompt.substring(0, prompt.lastIndexOf("<|end|>"));
    return head.substring(head.lastIndexOf('>') + 1);
  }
}

package org.deft4j.engine.tokenizer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;

/** Finds whole tokens in text: the leftmost, and of those that begin there the longest. */
final class SpecialMatcher {
  private record Special(String text, int id, boolean swallowsBefore, boolean swallowsAfter) {}

  private final Map<Character, List<Special>> byFirst = new HashMap<>();

  SpecialMatcher(Vocabulary vocabulary, IntPredicate wanted) {
    for (int i = 0; i < vocabulary.size(); i++) {
      String t = vocabulary.text[i];
      if (!t.isEmpty() && wanted.test(i)) {
        byFirst
            .computeIfAbsent(t.charAt(0), c -> new ArrayList<>())
            .add(
                new Special(
                    t, i, vocabulary.swallowsBefore.get(i), vocabulary.swallowsAfter.get(i)));
      }
    }
    for (List<Special> list : byFirst.values()) {
      list.sort(Comparator.comparingInt((Special s) -> s.text.length()).reversed());
    }
  }

  /** Receives the parts of a text in order. */
  interface Parts {
    /** Text without a whole token, never empty; {@code first} if nothing is before it. */
    void text(String part, boolean first);

    /** A whole token. */
    void token(int id);
  }

  void split(String text, Parts parts) {
    int from = 0;
    if (!byFirst.isEmpty()) {
      for (int i = 0; i < text.length(); i++) {
        List<Special> candidates = byFirst.get(text.charAt(i));
        if (candidates == null) {
          continue;
        }
        for (Special s : candidates) {
          if (text.startsWith(s.text, i)) {
            int end = i;
            while (s.swallowsBefore && end > from && space(text, end - 1)) {
              end--;
            }
            if (from < end) {
              parts.text(text.substring(from, end), from == 0);
            }
            parts.token(s.id);
            from = i + s.text.length();
            while (s.swallowsAfter && from < text.length() && space(text, from)) {
              from++;
            }
            i = from - 1;
            break;
          }
        }
      }
    }
    if (from < text.length()) {
      parts.text(text.substring(from), from == 0);
    }
  }

  private static boolean space(String text, int at) {
    char c = text.charAt(at);
    return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85;
  }
}

package org.deft4j.tasks.merging;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** English text as sentences, words and content words. */
final class English {
  private static final Pattern WORD =
      Pattern.compile("\\p{N}+(?:[.,]\\p{N}+)*|\\p{L}+(?:['’]\\p{L}+)*");

  /** Punctuation that ends a sentence, where what follows looks like the start of another. */
  private static final Pattern END =
      Pattern.compile("(?<=[.!?][\"'”’)\\]]{0,2})\\s+(?=[\\p{Lu}\\p{N}\"“'‘(\\[])");

  private static final Pattern MARKER =
      Pattern.compile("^\\s*(?:[-*•]|\\(?(?:\\p{N}{1,3}|[a-zA-Z]|[ivx]{1,4})[.)])\\s+");
  private static final Pattern ABBREVIATION =
      Pattern.compile(
          "(?:^|.*[\\s(])(?:\\p{Lu}|Mr|Mrs|Ms|Dr|Prof|St|No|Nos|Inc|Ltd|Co|Corp|vs|etc|e\\.g|i\\.e)\\.",
          Pattern.DOTALL);

  /** Words that say little by themselves. */
  private static final Set<String> FUNCTION_WORDS =
      Set.of(
          ("a about above after again against all also am an and any are as at be because been"
                  + " before being below between both but by can cannot could did do does doing"
                  + " down during each either few for from further had has have having he her here"
                  + " hers him his how i if in into is it its itself just may me might more most"
                  + " must my neither no nor not of off on once only or other our ours out over"
                  + " own per same shall she should so some such than that the their theirs them"
                  + " then there these they this those through to too under until up upon us very"
                  + " was we were what when where which while who whom whose why will with within"
                  + " without would you your yours s t")
              .split(" "));

  private English() {}

  /** The sentences of a text: line breaks end one, and so does closing punctuation. */
  static List<String> sentences(String text) {
    List<String> sentences = new ArrayList<>();
    for (String line : text.split("\\R")) {
      String rest = MARKER.matcher(line).replaceFirst("").strip();
      StringBuilder open = new StringBuilder();
      for (String part : END.split(rest)) {
        open.append(open.isEmpty() ? "" : " ").append(part);
        if (!ABBREVIATION.matcher(open).matches()) {
          sentences.add(open.toString());
          open.setLength(0);
        }
      }
      if (!open.isEmpty()) {
        sentences.add(open.toString());
      }
    }
    sentences.removeIf(s -> words(s).isEmpty());
    return sentences;
  }

  /** The words of a text, in lower case. */
  static List<String> words(String text) {
    List<String> words = new ArrayList<>();
    Matcher m = WORD.matcher(text.toLowerCase(Locale.ROOT).replace('’', '\''));
    while (m.find()) {
      words.add(m.group());
    }
    return words;
  }

  /** The words of a text that carry its content, without inflection. */
  static List<String> contentWords(String text) {
    return words(text).stream()
        .map(w -> w.endsWith("'s") ? w.substring(0, w.length() - 2) : w)
        .filter(w -> !FUNCTION_WORDS.contains(w))
        .map(English::uninflected)
        .toList();
  }

  /**
   * A word without the endings of plurals, tenses and the progressive: the first step of Porter's
   * algorithm ("An algorithm for suffix stripping", 1980), which leaves derivation alone.
   */
  static String uninflected(String word) {
    String w = word;
    if (w.length() <= 2 || !Character.isLetter(w.charAt(0))) {
      return w;
    }
    if (w.endsWith("sses") || w.endsWith("ies")) {
      w = w.substring(0, w.length() - 2);
    } else if (w.endsWith("s") && !w.endsWith("ss")) {
      w = w.substring(0, w.length() - 1);
    }
    if (w.endsWith("eed")) {
      if (measured(w.substring(0, w.length() - 3))) {
        w = w.substring(0, w.length() - 1);
      }
    } else if (w.endsWith("ed") && hasVowel(w.substring(0, w.length() - 2))) {
      w = mended(w.substring(0, w.length() - 2));
    } else if (w.endsWith("ing") && hasVowel(w.substring(0, w.length() - 3))) {
      w = mended(w.substring(0, w.length() - 3));
    }
    if (w.endsWith("y") && hasVowel(w.substring(0, w.length() - 1))) {
      w = w.substring(0, w.length() - 1) + "i";
    }
    return w;
  }

  /**
   * A stem whose ending was cut, with the e or without the second consonant that spelling wants.
   */
  private static String mended(String stem) {
    if (stem.endsWith("at") || stem.endsWith("bl") || stem.endsWith("iz")) {
      return stem + "e";
    }
    int n = stem.length();
    if (n >= 2 && stem.charAt(n - 1) == stem.charAt(n - 2) && consonant(stem, n - 1)) {
      return "lsz".indexOf(stem.charAt(n - 1)) >= 0 ? stem : stem.substring(0, n - 1);
    }
    return measure(stem) == 1 && shortEnd(stem) ? stem + "e" : stem;
  }

  private static boolean consonant(String w, int i) {
    return switch (w.charAt(i)) {
      case 'a', 'e', 'i', 'o', 'u' -> false;
      case 'y' -> i == 0 || !consonant(w, i - 1);
      default -> true;
    };
  }

  private static boolean hasVowel(String w) {
    for (int i = 0; i < w.length(); i++) {
      if (!consonant(w, i)) {
        return true;
      }
    }
    return false;
  }

  private static boolean measured(String w) {
    return measure(w) > 0;
  }

  /** Porter's m: how often consonants follow vowels. */
  private static int measure(String w) {
    int m = 0;
    for (int i = 1; i < w.length(); i++) {
      m += consonant(w, i) && !consonant(w, i - 1) ? 1 : 0;
    }
    return m;
  }

  /** Whether it ends as hop and fil do: consonant, vowel, consonant other than w, x, y. */
  private static boolean shortEnd(String w) {
    int n = w.length();
    return n >= 3
        && consonant(w, n - 3)
        && !consonant(w, n - 2)
        && consonant(w, n - 1)
        && "wxy".indexOf(w.charAt(n - 1)) < 0;
  }
}

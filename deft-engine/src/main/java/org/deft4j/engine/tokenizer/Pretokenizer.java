package org.deft4j.engine.tokenizer;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.deft4j.engine.gguf.GgufMetadata;
import org.deft4j.tree.DeftException;

/**
 * How byte-level BPE cuts text to words before merging: by {@code tokenizer.ggml.pre}, or by the
 * patterns that {@code tokenizer.json} itself gives.
 *
 * @param patterns each cuts what the one before left in one piece: a match is a piece, and what
 *     lies between matches is one; none leaves text whole
 * @param wholeWords a word that is a token stays whole, whatever the merges give
 * @param addBos whether prompts begin with the begin-of-sequence token if the file does not say
 */
record Pretokenizer(List<Pattern> patterns, boolean wholeWords, boolean addBos) {
  private static final String CONTRACTIONS = "'(?:s|t|re|ve|m|ll|d)";
  private static final String REST = "|\\s+(?!\\S)|\\s+";
  private static final String DIGIT = "\\p{N}";
  private static final int MAX_PATTERN = 2000;

  // As published with each model's own tokenizer.
  static final String GPT2 = CONTRACTIONS + "| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+" + REST;
  static final String LLAMA3 = modern("{1,3}");
  static final String QWEN2 = modern("");
  private static final String UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
  private static final String LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
  private static final String MARK = "[^\\r\\n\\p{L}\\p{N}]?";
  static final String TEKKEN =
      MARK
          + UPPER
          + "*"
          + LOWER
          + "+|"
          + MARK
          + UPPER
          + "+"
          + LOWER
          + "*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+"
          + REST;

  private static final Map<String, Pretokenizer> KNOWN = known();

  private static Map<String, Pretokenizer> known() {
    Map<String, Pretokenizer> map = new HashMap<>();
    Pretokenizer gpt2 = of(false, false, GPT2);
    map.put("default", gpt2);
    map.put("gpt-2", gpt2);
    Pretokenizer llama3 = of(true, true, LLAMA3);
    for (String name : List.of("llama-bpe", "llama3", "llama-v3", "falcon3", "pixtral", "lfm2")) {
      map.put(name, llama3);
    }
    for (String name : List.of("dbrx", "smaug-bpe")) {
      map.put(name, of(false, false, LLAMA3));
    }
    Pretokenizer qwen2 = of(false, false, QWEN2);
    for (String name : List.of("qwen2", "deepseek-r1-qwen", "stablelm2", "megrez", "hunyuan")) {
      map.put(name, qwen2);
    }
    Pretokenizer digits = of(false, false, DIGIT, GPT2);
    for (String name :
        List.of("starcoder", "smollm", "refact", "command-r", "codeshell", "exaone")) {
      map.put(name, digits);
    }
    map.put("tekken", of(true, false, TEKKEN));
    return Map.copyOf(map);
  }

  /** The pattern of Llama-3 and Qwen2, which differ in how many digits make a word. */
  private static String modern(String digits) {
    return "(?i:"
        + CONTRACTIONS
        + ")|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
        + digits
        + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+"
        + REST;
  }

  private static Pretokenizer of(boolean wholeWords, boolean addBos, String... patterns) {
    return new Pretokenizer(
        java.util.Arrays.stream(patterns).map(Pretokenizer::compile).toList(), wholeWords, addBos);
  }

  private static Pattern compile(String pattern) {
    // UNICODE_CHARACTER_CLASS makes \s the Unicode property White_Space, as the originals mean it.
    return Pattern.compile(pattern, Pattern.UNICODE_CHARACTER_CLASS);
  }

  /** The rules of these patterns, which come from a file. */
  static Pretokenizer of(
      List<String> patterns, boolean wholeWords, Function<String, DeftException> bad) {
    return new Pretokenizer(
        patterns.stream()
            .map(p -> {
              try {
                if (p.length() <= MAX_PATTERN) {
                  return compile(p);
                }
              } catch (PatternSyntaxException e) {
                throw bad.apply("its pattern is not understood: " + e.getDescription());
              }
              throw bad.apply("its pattern has " + p.length() + " characters");
            })
            .toList(),
        wholeWords,
        false);
  }

  /** The rules named in a GGUF file. */
  static Pretokenizer from(GgufMetadata meta) {
    String name = meta.string("tokenizer.ggml.pre", "default");
    Pretokenizer p = KNOWN.get(name);
    if (p == null) {
      throw meta.unsupported(
          "pre-tokenizer '"
              + name
              + "' is not supported; known: "
              + String.join(", ", new TreeSet<>(KNOWN.keySet())));
    }
    return p;
  }

  /** The name by which GGUF files call these rules, if they have one. */
  java.util.Optional<String> ggufName() {
    List<String> mine = patterns.stream().map(Pattern::pattern).toList();
    for (String name : List.of("gpt-2", "llama-bpe", "qwen2", "starcoder", "tekken", "smaug-bpe")) {
      Pretokenizer p = KNOWN.get(name);
      if (p != null
          && p.wholeWords == wholeWords
          && p.patterns.stream()
              .map(Pattern::pattern)
              .map(Pretokenizer::plain)
              .toList()
              .equals(mine.stream().map(Pretokenizer::plain).toList())) {
        return java.util.Optional.of(name);
      }
    }
    return java.util.Optional.empty();
  }

  /** A pattern without the ways of writing contractions that mean the same. */
  private static String plain(String pattern) {
    return pattern
        .replace("(?i:'s|'t|'re|'ve|'m|'ll|'d)", "(?i:" + CONTRACTIONS + ")")
        .replace("'s|'t|'re|'ve|'m|'ll|'d", CONTRACTIONS);
  }

  /** Cuts text. */
  void cut(String text, java.util.function.Consumer<String> words) {
    cut(text, 0, words);
  }

  private void cut(String text, int stage, java.util.function.Consumer<String> words) {
    if (stage == patterns.size()) {
      words.accept(text);
      return;
    }
    java.util.regex.Matcher m = patterns.get(stage).matcher(text);
    int from = 0;
    while (m.find()) {
      if (m.start() > from) {
        cut(text.substring(from, m.start()), stage + 1, words);
      }
      if (m.end() > m.start()) {
        cut(text.substring(m.start(), m.end()), stage + 1, words);
      }
      from = m.end();
    }
    if (from < text.length()) {
      cut(text.substring(from), stage + 1, words);
    }
  }
}

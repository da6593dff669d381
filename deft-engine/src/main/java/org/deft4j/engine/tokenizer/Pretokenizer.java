package org.deft4j.engine.tokenizer;

import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.deft4j.engine.gguf.GgufMetadata;

/**
 * How byte-level BPE cuts text to words before merging, by {@code tokenizer.ggml.pre}.
 *
 * @param pattern each match is a word; every character belongs to one
 * @param wholeWords a word that is a token stays whole, whatever the merges give
 * @param addBos whether prompts begin with the begin-of-sequence token if the file does not say
 */
record Pretokenizer(Pattern pattern, boolean wholeWords, boolean addBos) {
  private static final String CONTRACTIONS = "'(?:s|t|re|ve|m|ll|d)";
  private static final String REST = "|\\s+(?!\\S)|\\s+";

  // As published with each model's own tokenizer.
  private static final String GPT2 =
      CONTRACTIONS + "| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+" + REST;

  private static final Map<String, Pretokenizer> KNOWN =
      Map.of(
          "default", of(GPT2, false, false),
          "gpt-2", of(GPT2, false, false),
          "llama-bpe", of(modern("{1,3}"), true, true),
          "llama3", of(modern("{1,3}"), true, true),
          "llama-v3", of(modern("{1,3}"), true, true),
          "qwen2", of(modern(""), false, false));

  /** The pattern of Llama-3 and Qwen2, which differ in how many digits make a word. */
  private static String modern(String digits) {
    return "(?i:"
        + CONTRACTIONS
        + ")|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
        + digits
        + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+"
        + REST;
  }

  private static Pretokenizer of(String pattern, boolean wholeWords, boolean addBos) {
    // UNICODE_CHARACTER_CLASS makes \s the Unicode property White_Space, as the originals mean it.
    return new Pretokenizer(
        Pattern.compile(pattern, Pattern.UNICODE_CHARACTER_CLASS), wholeWords, addBos);
  }

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
}

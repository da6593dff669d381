package org.deft4j.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.zip.GZIPInputStream;
import org.deft4j.engine.gguf.GgufBuilder;
import org.deft4j.testing.SharedData;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.TokenCodec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tokenizers of tokenizer.json files against the library that these files are written by. */
class TokenizerOracleTest {
  static String published(String name) throws IOException {
    Path file = SharedData.require("models/tokenizers/" + name + "-tokenizer.json.gz");
    try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  private static TokenizerJson json(String text) {
    return new TokenizerJson(
        text,
        TokenizerFile.Roles.UNKNOWN,
        what -> new DeftException(DeftException.UNSUPPORTED_MODEL, "t.json: " + what));
  }

  private static void agree(String json, int from, int to) {
    TokenCodec ours = json(json).codec();
    try (Original original = Original.of(json)) {
      for (int seed = from; seed < to; seed++) {
        String text = Texts.of(seed);
        int[] got = ours.encodePrompt(text, false);
        int[] want = original.encode(text);
        int same = java.util.Arrays.mismatch(got, want);
        assertThat(same)
            .as(() ->
                "'%s' after '%s': %s, not %s"
                    .formatted(
                        text,
                        ours.decode(java.util.Arrays.copyOf(got, same)),
                        java.util.Arrays.toString(got),
                        java.util.Arrays.toString(want)))
            .isEqualTo(-1);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"gpt2", "llama2", "mistral-7b-v0.1", "llama3.2", "qwen2.5"})
  void publishedVocabulariesGiveTheSameIds(String name) throws IOException {
    agree(published(name), 0, 4000);
  }

  /** The same words from GGUF metadata, written from the JSON file. */
  @ParameterizedTest
  @CsvSource({"gpt2", "llama2", "mistral-7b-v0.1", "llama3.2", "qwen2.5"})
  void ggufMetadataGivesTheSameIds(String name) throws IOException {
    TokenizerJson file = json(published(name));
    GgufBuilder gguf = new GgufBuilder();
    file.describe(gguf, 0);
    TokenCodec ours = file.codec();
    TokenCodec back = Tokenizers.from(gguf.metadata(name));
    assertThat(back.beginOfSequence()).isEqualTo(ours.beginOfSequence());
    for (int seed = 0; seed < 1500; seed++) {
      String text = Texts.of(seed);
      if (name.startsWith("qwen")) {
        // GGUF has no place for the normalization that the JSON file asks for.
        text = java.text.Normalizer.normalize(text, java.text.Normalizer.Form.NFC);
      }
      assertThat(back.encodePrompt(text, true))
          .as("seed %s: '%s'", seed, text)
          .isEqualTo(ours.encodePrompt(text, true));
    }
  }

  private static final String[] SPECIAL = {"<s>", "<|im_start|>", "</s>", "<|eot_id|>"};
  private static final String[] ADDED = {
    ",\"special\":true,\"lstrip\":false,\"rstrip\":false",
    ",\"special\":true,\"lstrip\":true,\"rstrip\":false",
    ",\"special\":false,\"lstrip\":false,\"rstrip\":true",
    ",\"special\":true,\"lstrip\":true,\"rstrip\":true"
  };

  private static String added(int first) {
    StringBuilder s = new StringBuilder("[");
    for (int i = 0; i < SPECIAL.length; i++) {
      s.append(i == 0 ? "" : ",")
          .append(
              "{\"id\":%d,\"content\":\"%s\",\"single_word\":false,\"normalized\":false%s}"
                  .formatted(first + i, SPECIAL[i], ADDED[i]));
    }
    return s.append("]").toString();
  }

  private static String quoted(String s) {
    return org.deft4j.engine.json.JsonWriter.line(s);
  }

  /** Pieces of the texts themselves, of up to 8 characters. */
  private static Set<String> pieces(long seed, int n) {
    SplittableRandom r = new SplittableRandom(seed);
    Set<String> pieces = new LinkedHashSet<>();
    while (pieces.size() < n) {
      String text = Texts.of(r.nextInt(3000)).replace(' ', '▁');
      int[] points = text.codePoints().toArray();
      int from = r.nextInt(points.length);
      String p = new String(points, from, Math.min(points.length - from, 1 + r.nextInt(8)));
      // An added token that is a piece too would take the piece's id.
      if (List.of(SPECIAL).stream().noneMatch(p::contains)
          && p.codePoints().noneMatch(c -> c >= 0xD800 && c < 0xE000)) {
        pieces.add(p);
      }
    }
    return pieces;
  }

  @ParameterizedTest
  @CsvSource({"1, false, false", "2, true, false", "3, true, true", "4, false, true"})
  void unigramModelsGiveTheSameIds(int seed, boolean fallback, boolean split) {
    SplittableRandom r = new SplittableRandom(seed);
    StringBuilder vocab = new StringBuilder("[\"<unk>\",0.0]");
    int n = 1;
    if (fallback) {
      for (int b = 0; b < 256; b++, n++) {
        vocab.append(",[\"<0x%02X>\",0.0]".formatted(b));
      }
    }
    for (String p : pieces(seed, 3000)) {
      if (p.equals("<unk>") || (fallback && p.matches("<0x..>"))) {
        continue;
      }
      vocab.append(",[").append(quoted(p)).append(",").append(-r.nextInt(1000, 14000) / 1000.0);
      vocab.append("]");
      n++;
    }
    String json =
        """
        {"added_tokens":%s,"normalizer":{"type":"NFKC"},"pre_tokenizer":{"type":"Metaspace",
        "replacement":"▁","prepend_scheme":"always","split":%s},"model":{"type":"Unigram",
        "unk_id":0,"byte_fallback":%s,"vocab":[%s]}}\
        """
            .formatted(added(n), split, fallback, vocab);
    agree(json, 5000, 6500);
  }

  @ParameterizedTest
  @CsvSource({"first, false", "always, true", "never, false", "first, true"})
  void pieceModelsGiveTheSameIds(String scheme, boolean split) {
    // Merges build up random pieces from the left, so that each has all its parts.
    StringBuilder vocab = new StringBuilder("\"<unk>\":0");
    Set<String> known = new LinkedHashSet<>(Set.of("<unk>"));
    int n = 1;
    for (int b = 0; b < 256; b++) {
      String name = "<0x%02X>".formatted(b);
      known.add(name);
      vocab.append(",\"%s\":%d".formatted(name, n++));
    }
    StringBuilder merges = new StringBuilder();
    for (String p : pieces(split ? 11 : 12, 2500)) {
      int[] points = p.codePoints().toArray();
      for (int i = 0; i < points.length; i++) {
        String character = new String(points, i, 1);
        if (known.add(character)) {
          vocab.append(",").append(quoted(character)).append(":").append(n++);
        }
        String whole = new String(points, 0, i + 1);
        if (i > 0 && known.add(whole)) {
          vocab.append(",").append(quoted(whole)).append(":").append(n++);
          merges
              .append(merges.isEmpty() ? "[" : ",[")
              .append(quoted(new String(points, 0, i)))
              .append(",")
              .append(quoted(character))
              .append("]");
        }
      }
    }
    String json =
        """
        {"added_tokens":%s,"pre_tokenizer":{"type":"Metaspace","replacement":"▁",
        "prepend_scheme":"%s","split":%s},"model":{"type":"BPE","unk_token":"<unk>",
        "fuse_unk":true,"byte_fallback":true,"vocab":{%s},"merges":[%s]}}\
        """
            .formatted(added(n), scheme, split, vocab, merges);
    agree(json, 7000, 8500);
  }

  @Test
  void whatIsNotHonouredIsRefusedByName() {
    String model = "\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}";
    refused("{\"model\":{\"type\":\"WordPiece\",\"vocab\":{}}}", "of type 'WordPiece'");
    refused("{" + model + ",\"normalizer\":{\"type\":\"Lowercase\"}}", "normalizer 'Lowercase'");
    refused(
        "{" + model + ",\"pre_tokenizer\":{\"type\":\"Whitespace\"}}",
        "pre-tokenizer 'Whitespace' is not supported");
    refused(
        "{"
            + model
            + ",\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"x\"},"
            + "\"behavior\":\"Removed\",\"invert\":false}}",
        "behavior 'Removed'");
    refused("{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":-1},\"merges\":[]}}", "'model.vocab.a'");
    refused(
        "{\"model\":{\"type\":\"BPE\",\"unk_token\":\"a\",\"vocab\":{\"a\":0},"
            + "\"merges\":[\"a b\"]}}",
        "merge 0 of its tokenizer names tokens");
    refused("{", "bad JSON");
  }

  private static void refused(String json, String why) {
    assertThatThrownBy(() -> json(json).codec())
        .isInstanceOf(DeftException.class)
        .hasMessageStartingWith("t.json: ")
        .hasMessageContaining(why);
  }
}

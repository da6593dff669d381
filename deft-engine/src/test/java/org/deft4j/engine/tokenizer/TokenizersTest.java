package org.deft4j.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.deft4j.engine.TestModels;
import org.deft4j.engine.gguf.GgufFile;
import org.deft4j.engine.gguf.GgufWriter;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.TokenCodec;
import org.junit.jupiter.api.Test;

class TokenizersTest {
  /** A byte-level vocabulary with a few merges, a control and a user-defined token. */
  private static GgufWriter bpe(String pre) {
    List<String> tokens = new ArrayList<>();
    List<Integer> types = new ArrayList<>();
    for (int b = 0; b < 256; b++) {
      boolean printable = (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
      int shifted = 0;
      for (int c = 0; c < b; c++) {
        shifted += (c >= '!' && c <= '~') || (c >= 0xA1 && c <= 0xAC) || c >= 0xAE ? 0 : 1;
      }
      tokens.add(String.valueOf((char) (printable ? b : 256 + shifted)));
      types.add(1);
    }
    for (String t : List.of("ab", "abc", "Ġa", "<|end|>", "<tool>", "<tool>x", "cab")) {
      tokens.add(t);
      types.add(t.equals("<|end|>") ? 3 : t.startsWith("<") ? 4 : 1);
    }
    return new GgufWriter()
        .put("tokenizer.ggml.model", "gpt2")
        .put("tokenizer.ggml.pre", pre)
        .put("tokenizer.ggml.tokens", tokens)
        .put("tokenizer.ggml.token_type", types)
        .put("tokenizer.ggml.merges", List.of("a b", "ab c", "Ġ a", "c ab"))
        .put("tokenizer.ggml.bos_token_id", 259)
        .put("tokenizer.ggml.eos_token_id", 259);
  }

  private static TokenCodec codec(GgufWriter w) {
    return Tokenizers.from(GgufFile.of("t.gguf", MemorySegment.ofArray(w.bytes())).metadata());
  }

  private static TokenCodec stories() {
    try (GgufFile f = GgufFile.open(TestModels.stories260K())) {
      return Tokenizers.from(f.metadata());
    }
  }

  @Test
  void specialTokensAreParsedInPromptsOnly() {
    TokenCodec c = codec(bpe("gpt-2"));
    assertThat(c.encode("ab<|end|>")).hasSize(8).doesNotContain(259);
    assertThat(c.encodePrompt("ab<|end|>c", false)).containsExactly(256, 259, 'c' - 0);
    assertThat(c.encodePrompt("ab", true)).containsExactly(256);
    assertThat(c.decode(256, 259)).isEqualTo("ab");
    assertThat(c.bytes(259)).isEmpty();
    assertThat(c.id("<|end|>")).hasValue(259);
    assertThat(c.id("nope")).isEmpty();
    assertThat(c.endOfSequence()).hasValue(259);
    assertThat(
            codec(bpe("gpt-2").put("tokenizer.ggml.add_bos_token", true)).encodePrompt("ab", true))
        .containsExactly(259, 256);
  }

  @Test
  void userDefinedTokensComeFirstAndLongestWins() {
    TokenCodec c = codec(bpe("gpt-2"));
    assertThat(c.encode("<tool>ab<tool>x")).containsExactly(260, 256, 261);
    assertThat(c.decode(260)).isEqualTo("<tool>");
  }

  @Test
  void mergesInLearnedOrder() {
    TokenCodec c = codec(bpe("gpt-2"));
    // "a b" ranks before "c ab": cabc is c + abc, since "ab c" ranks before "c ab".
    assertThat(c.encode("cabc")).containsExactly('c', 257);
    assertThat(c.encode("cab")).containsExactly(262);
    assertThat(c.encode("ababab")).containsExactly(256, 256, 256);
    // Llama 3 keeps a word that is a token whole.
    assertThat(codec(bpe("llama-bpe")).encode("cab")).containsExactly(262);
  }

  @Test
  void digitsAreCutAsEachModelDoes() {
    assertThat(Pretokenizer.class.isRecord()).isTrue();
    String text = "12345\n\n  x'LL \u00a0y";
    assertThat(words("qwen2", text))
        .containsExactly("1", "2", "3", "4", "5", "\n\n", " ", " x", "'LL", " ", "\u00a0y");
    assertThat(words("llama-bpe", text))
        .containsExactly("123", "45", "\n\n", " ", " x", "'LL", " ", "\u00a0y");
    assertThat(words("gpt-2", text))
        .containsExactly("12345", "\n\n ", " x", "'", "LL", " ", "\u00a0", "y");
  }

  private static List<String> words(String pre, String text) {
    GgufWriter w = new GgufWriter().put("tokenizer.ggml.pre", pre);
    List<String> words = new java.util.ArrayList<>();
    Pretokenizer.from(GgufFile.of("t", MemorySegment.ofArray(w.bytes())).metadata())
        .cut(text, words::add);
    return words;
  }

  @Test
  void unknownKindsAreNamed() {
    assertThatThrownBy(() -> codec(bpe("martian")))
        .hasMessage(
            "t.gguf: pre-tokenizer 'martian' is not supported; known: codeshell, command-r, dbrx,"
                + " deepseek-r1-qwen, default, exaone, falcon3, gpt-2, hunyuan, lfm2, llama-bpe,"
                + " llama-v3, llama3, megrez, pixtral, qwen2, refact, smaug-bpe, smollm,"
                + " stablelm2, starcoder, tekken");
    assertThatThrownBy(() -> codec(new GgufWriter().put("tokenizer.ggml.model", "rwkv")))
        .hasMessageContaining("tokenizer 'rwkv' is not supported; known: gpt2");
  }

  /** The finding of a fuzzing run, which Jazzer's own rule about patterns keeps from its inputs. */
  @Test
  void aPatternThatIsNoneIsRefused() {
    String json =
        "{'pre_tokenizer': {'type': 'Sequence', 'pretokenizers': [{'type': 'Split', 'pattern':"
            + " {'Regex': 'a{1,3\\uFFFD}|b'}, 'behavior': 'Isolated', 'invert': false},"
            + " {'type': 'ByteLevel', 'add_prefix_space': false, 'use_regex': false}]},"
            + " 'model': {'type': 'BPE', 'vocab': {'a': 0}, 'merges': []}}";
    assertThatThrownBy(() ->
            new TokenizerJson(
                    json.replace('\'', '"'),
                    TokenizerFile.Roles.UNKNOWN,
                    what -> new DeftException(DeftException.UNSUPPORTED_MODEL, what))
                .codec())
        .isInstanceOf(DeftException.class)
        .hasMessageContaining("pattern is not understood");
  }

  @Test
  void everyTextComesBack() {
    TokenCodec bpe = codec(bpe("qwen2"));
    TokenCodec spm = stories();
    for (int seed = 0; seed < 2_000; seed++) {
      String text = randomText(new SplittableRandom(seed));
      assertThat(bpe.decode(bpe.encode(text))).isEqualTo(text);
      assertThat(spm.decode(spm.encodePrompt(text, true)))
          .as("seed %s", seed)
          .isEqualTo(text.contains("<s>") ? text.replace("<s>", "") : text);
    }
  }

  /** Code points of every length, in words and out of them. */
  private static String randomText(SplittableRandom r) {
    StringBuilder s = new StringBuilder();
    for (int i = r.nextInt(40); i > 0; i--) {
      switch (r.nextInt(6)) {
        case 0 -> s.append(' ');
        case 1 -> s.append((char) r.nextInt('a', 'z'));
        case 2 -> s.append("abcab", 0, r.nextInt(6));
        case 3 -> s.appendCodePoint(r.nextInt(0x80, 0xD800));
        case 4 -> s.appendCodePoint(r.nextInt(0x10000, 0x10FFFF));
        default -> s.appendCodePoint(r.nextInt(1, 0x80));
      }
    }
    return s.toString();
  }

  @Test
  void loneSurrogatesBecomeReplacementCharacters() {
    TokenCodec c = codec(bpe("qwen2"));
    assertThat(c.decode(c.encode("a\uD83Db\uDE00\uD83D\uDE00")))
        .isEqualTo("a\uFFFDb\uFFFD\uD83D\uDE00");
    assertThat(stories().decode(stories().encodePrompt("\uD83D", true))).isEqualTo("\uFFFD");
  }

  @Test
  void streamsWholeCodePointsAtAnySplit() {
    TokenCodec c = codec(bpe("qwen2"));
    for (int seed = 0; seed < 3_000; seed++) {
      SplittableRandom r = new SplittableRandom(seed);
      // Random bytes or the bytes of a text, some of them damaged.
      byte[] bytes = randomText(r).getBytes(StandardCharsets.UTF_8);
      for (int i = r.nextInt(4); i > 0 && bytes.length > 0; i--) {
        bytes[r.nextInt(bytes.length)] = (byte) r.nextInt();
      }
      TokenCodec.TextStream stream = c.stream();
      StringBuilder s = new StringBuilder();
      int[] tokens = new int[bytes.length];
      for (int i = 0; i < bytes.length; i++) {
        tokens[i] = byteToken(c, bytes[i]);
        String part = stream.accept(tokens[i]);
        assertThat(part.isEmpty() || !Character.isHighSurrogate(part.charAt(part.length() - 1)))
            .isTrue();
        s.append(part);
      }
      s.append(stream.finish());
      assertThat(s.toString())
          .as("seed %s", seed)
          .isEqualTo(new String(bytes, StandardCharsets.UTF_8))
          .isEqualTo(c.decode(tokens));
      assertThat(stream.accept(byteToken(c, (byte) 'z'))).isEqualTo("z");
    }
  }

  private static int byteToken(TokenCodec c, byte b) {
    for (int t = 0; t < 256; t++) {
      if (c.bytes(t)[0] == b) {
        return t;
      }
    }
    throw new AssertionError(b);
  }

  @Test
  void partsOfMultiByteTokensJoin() {
    TokenCodec c = stories();
    String text = "Grüße 🦙🦙 ok";
    int[] ids = c.encode(text);
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (int id : ids) {
      all.writeBytes(c.bytes(id));
    }
    assertThat(all.toString(StandardCharsets.UTF_8)).isEqualTo(" " + text).isEqualTo(c.decode(ids));
  }

  @Test
  void longTextsTakeNoQuadraticTime() {
    TokenCodec c = codec(bpe("qwen2"));
    String run = "ab".repeat(200_000) + " ".repeat(100_000) + "!".repeat(100_000);
    assertThat(c.decode(c.encode(run))).isEqualTo(run);
    TokenCodec spm = stories();
    assertThat(spm.decode(spm.encodePrompt(run, true))).isEqualTo(run);
  }
}

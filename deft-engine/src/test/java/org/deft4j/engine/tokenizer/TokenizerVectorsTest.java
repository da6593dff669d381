package org.deft4j.engine.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.deft4j.engine.gguf.GgufFile;
import org.deft4j.testing.SharedData;
import org.deft4j.tree.decode.TokenCodec;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Published vocabularies against llama.cpp's test vectors. */
class TokenizerVectorsTest {
  @ParameterizedTest
  @ValueSource(strings = {"gpt-2", "llama-bpe", "qwen2", "llama-spm", "phi-3", "starcoder"})
  void idsEqual(String name) throws IOException {
    Path file = SharedData.require("models/tokenizers/ggml-vocab-" + name + ".gguf");
    TokenCodec codec;
    try (GgufFile f = GgufFile.open(file)) {
      codec = Tokenizers.from(f.metadata());
    }
    String[] texts = Files.readString(Path.of(file + ".inp")).split("\n__ggml_vocab_test__\n", -1);
    List<String> ids = Files.readAllLines(Path.of(file + ".out"));
    int checked = 0;
    for (int i = 0; i < ids.size(); i++) {
      String want = ids.get(i).trim();
      int[] expected =
          want.isEmpty()
              ? new int[0]
              : Arrays.stream(want.split(" ")).mapToInt(Integer::parseInt).toArray();
      assertThat(codec.encode(texts[i])).as("%s: '%s'", name, texts[i]).isEqualTo(expected);
      String back = codec.decode(expected);
      boolean prefixed = name.equals("llama-spm") || name.equals("phi-3");
      assertThat(prefixed && !back.isEmpty() ? back.substring(1) : back).isEqualTo(texts[i]);
      checked++;
    }
    assertThat(checked).isEqualTo(texts.length - (texts[texts.length - 1].isEmpty() ? 1 : 0));
    assertThat(checked).isGreaterThan(40);
  }
}

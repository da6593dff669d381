package org.deft4j.engine.tokenizer;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.TokenCodec;

/**
 * Any text as a tokenizer.json, any bytes as a SentencePiece model; mvn -Pfuzz verify searches, a
 * plain build runs what was found.
 */
class TokenizerReaderFuzzTest {
  private static DeftException bad(String what) {
    return new DeftException(DeftException.UNSUPPORTED_MODEL, what);
  }

  @FuzzTest(maxDuration = "2m")
  void read(byte[] bytes) {
    try {
      boolean json = bytes.length > 0 && bytes[0] == '{';
      TokenizerFile file =
          json
              ? new TokenizerJson(
                  new String(bytes, StandardCharsets.UTF_8),
                  TokenizerFile.Roles.UNKNOWN,
                  TokenizerReaderFuzzTest::bad)
              : new SentencePieceModel(
                  bytes, TokenizerFile.Roles.UNKNOWN, TokenizerReaderFuzzTest::bad);
      TokenCodec codec = file.codec();
      for (int id : codec.encodePrompt("ab a<s>b 12\n🙂", true)) {
        codec.bytes(id);
      }
    } catch (DeftException e) {
      if (e.exitCode() != DeftException.UNSUPPORTED_MODEL) {
        throw new AssertionError(e);
      }
    }
  }
}

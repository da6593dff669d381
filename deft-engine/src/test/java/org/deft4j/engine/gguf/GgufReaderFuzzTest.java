package org.deft4j.engine.gguf;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.lang.foreign.MemorySegment;
import org.deft4j.engine.model.Transformer;
import org.deft4j.engine.source.GgufSource;
import org.deft4j.engine.tokenizer.Tokenizers;
import org.deft4j.tree.DeftException;

/** Any bytes as a GGUF file; mvn -Pfuzz verify searches, a plain build runs what was found. */
class GgufReaderFuzzTest {
  @FuzzTest(maxDuration = "2m")
  void read(byte[] bytes) {
    try {
      GgufFile file = GgufFile.of("fuzz", MemorySegment.ofArray(bytes));
      for (GgufTensor t : file.tensors()) {
        if (t.data().byteSize() > bytes.length) {
          throw new AssertionError(t.name());
        }
      }
      try {
        Tokenizers.from(file.metadata()).encodePrompt("Once upon <s> a time 🙂", true);
      } catch (DeftException e) {
        requireClear(e);
      }
      Transformer.config(new GgufSource(file));
    } catch (DeftException e) {
      requireClear(e);
    }
  }

  private static void requireClear(DeftException e) {
    String message = String.valueOf(e.getMessage());
    if (e.exitCode() != DeftException.UNSUPPORTED_MODEL || message.length() > 1000) {
      throw new AssertionError("unclear: " + message, e);
    }
  }
}

package org.deft4j.engine.source;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.lang.foreign.MemorySegment;
import org.deft4j.engine.gguf.GgufTensor;
import org.deft4j.tree.DeftException;

/**
 * Any bytes as a safetensors file; mvn -Pfuzz verify searches, a plain build runs what was found.
 */
class SafetensorsReaderFuzzTest {
  @FuzzTest(maxDuration = "2m")
  void read(byte[] bytes) {
    try {
      for (GgufTensor t : Safetensors.parse("fuzz", MemorySegment.ofArray(bytes)).values()) {
        if (t.data().byteSize() != t.elements() * t.type().blockBytes()) {
          throw new AssertionError(t.name());
        }
      }
    } catch (DeftException e) {
      if (e.exitCode() != DeftException.UNSUPPORTED_MODEL) {
        throw new AssertionError(e);
      }
    }
  }
}

package org.deft4j.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.deft4j.engine.gguf.GgufFile;
import org.deft4j.engine.gguf.GgufFuzzTest;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.NodeId;
import org.junit.jupiter.api.Test;

/** Damaged models either run or are refused with a reason. */
class EngineFuzzTest {
  @Test
  void damagedModelsRunOrAreRefused() {
    byte[] sound = TestModels.stories260KBytes();
    EngineOptions options =
        EngineOptions.of(Path.of("fuzz"))
            .withBackend("scalar")
            .withThreads(1)
            .withContextLimit(8)
            .withKvMemory(1 << 20);
    int ran = 0;
    int refused = 0;
    for (int seed = 0; seed < 800; seed++) {
      byte[] bytes = GgufFuzzTest.mutate(sound, 14_206, new SplittableRandom(77_000_000L + seed));
      try (TreeEngine engine =
          TreeEngine.open(GgufFile.of("fuzz", MemorySegment.ofArray(bytes)), options)) {
        NodeId root = engine.root(engine.codec().encodePrompt("a b", true));
        engine.decode(root, DecodeSpec.of(1).temperature(1).topP(0.9f).build());
        Driver.drain(engine);
        ran++;
      } catch (DeftException e) {
        assertThat(e.exitCode())
            .as("seed %s: %s", seed, e.getMessage())
            .isIn(DeftException.UNSUPPORTED_MODEL, DeftException.OUT_OF_MEMORY);
        refused++;
      } catch (Throwable t) {
        throw new AssertionError("seed " + seed, t);
      }
    }
    assertThat(ran).isGreaterThan(50);
    assertThat(refused).isGreaterThan(300);
  }
}

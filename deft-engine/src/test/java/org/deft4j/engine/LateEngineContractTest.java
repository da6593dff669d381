package org.deft4j.engine;

import org.deft4j.tree.decode.TreeDecoder;

/** The decode contract where steps begin before the tokens of the one before are read. */
class LateEngineContractTest extends TreeEngineContractTest {
  @Override
  protected TreeDecoder open() {
    return LateBackend.open(
        EngineOptions.of(TestModels.stories260K()).withKvMemory(8 << 20).withThreads(1));
  }
}

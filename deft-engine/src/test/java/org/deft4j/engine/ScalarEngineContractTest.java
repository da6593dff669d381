package org.deft4j.engine;

import org.deft4j.tree.decode.TreeDecoder;

/** The decode contract on the backend that all others are measured by. */
class ScalarEngineContractTest extends TreeEngineContractTest {
  @Override
  protected TreeDecoder open() {
    return TreeEngine.open(
        EngineOptions.of(TestModels.stories260K())
            .withBackend("scalar")
            .withKvMemory(8 << 20)
            .withThreads(1));
  }
}

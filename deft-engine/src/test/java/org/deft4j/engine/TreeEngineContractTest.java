package org.deft4j.engine;

import org.deft4j.testing.AbstractTreeDecoderContractTest;
import org.deft4j.tree.decode.TreeDecoder;

/** The engine keeps the decode contract. */
class TreeEngineContractTest extends AbstractTreeDecoderContractTest {
  @Override
  protected TreeDecoder open() {
    return open(false);
  }

  static TreeDecoder open(boolean deterministic) {
    return TreeEngine.open(
        EngineOptions.of(TestModels.stories260K())
            .withKvMemory(8 << 20)
            .withDeterministic(deterministic)
            .withThreads(1));
  }

  @Override
  protected int[] prompt() {
    // "Once upon a time, there was a"
    return new int[] {1, 403, 407, 261, 378, 432, 383, 286, 261};
  }
}

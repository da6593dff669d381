package org.deft4j.engine;

import org.deft4j.tree.decode.TreeDecoder;

/** The decode contract where a branch's bits do not depend on its batch. */
class DeterministicEngineContractTest extends TreeEngineContractTest {
  @Override
  protected TreeDecoder open() {
    return open(true);
  }
}

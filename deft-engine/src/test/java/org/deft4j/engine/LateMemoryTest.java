package org.deft4j.engine;

/** The same where steps begin before the tokens of the one before are read. */
class LateMemoryTest extends MemoryTest {
  @Override
  TreeEngine open(int tokens) {
    return LateBackend.open(options(tokens));
  }
}

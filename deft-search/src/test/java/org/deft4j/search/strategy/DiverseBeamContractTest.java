package org.deft4j.search.strategy;

import org.deft4j.search.testing.AbstractSearchStrategyContractTest;

class DiverseBeamContractTest extends AbstractSearchStrategyContractTest {
  @Override
  protected SearchStrategy create() {
    return new DiverseBeam();
  }
}

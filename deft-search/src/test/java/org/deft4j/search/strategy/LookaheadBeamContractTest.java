package org.deft4j.search.strategy;

import org.deft4j.search.testing.AbstractSearchStrategyContractTest;

class LookaheadBeamContractTest extends AbstractSearchStrategyContractTest {
  @Override
  protected SearchStrategy create() {
    return new Beam(new Beam.Config(2, 3, 6, 0.8, Beam.Aggregate.PRODUCT, 2));
  }
}

package org.deft4j.search.strategy;

import org.deft4j.search.testing.AbstractSearchStrategyContractTest;

class WeightedBestOfNContractTest extends AbstractSearchStrategyContractTest {
  @Override
  protected SearchStrategy create() {
    return new BestOfN(BestOfN.Config.WEIGHTED);
  }
}

package org.deft4j.search.strategy;

import org.deft4j.search.testing.AbstractSearchStrategyContractTest;

class BestFirstContractTest extends AbstractSearchStrategyContractTest {
  @Override
  protected SearchStrategy create() {
    return new BestFirst();
  }

  @Override
  protected boolean joint() {
    return false;
  }
}

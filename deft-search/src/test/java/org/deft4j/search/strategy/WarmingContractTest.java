package org.deft4j.search.strategy;

import org.deft4j.search.testing.AbstractSearchStrategyContractTest;

class WarmingContractTest extends AbstractSearchStrategyContractTest {
  @Override
  protected SearchStrategy create() {
    return new Retry(Retry.Config.WARMING);
  }
}

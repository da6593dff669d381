package org.deft4j.examples;

import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.search.testing.AbstractSearchStrategyContractTest;

class RetryStrategyTest extends AbstractSearchStrategyContractTest {
  @Override
  protected SearchStrategy create() {
    return new RetryStrategy(5);
  }
}

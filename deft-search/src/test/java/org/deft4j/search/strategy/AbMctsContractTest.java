package org.deft4j.search.strategy;

import org.deft4j.search.testing.AbstractSearchStrategyContractTest;
import org.junit.jupiter.api.Nested;

class AbMctsContractTest {
  private abstract static class Contract extends AbstractSearchStrategyContractTest {
    @Override
    protected boolean joint() {
      return false;
    }
  }

  @Nested
  class Normal extends Contract {
    @Override
    protected SearchStrategy create() {
      return new AbMcts();
    }
  }

  @Nested
  class Beta extends Contract {
    @Override
    protected SearchStrategy create() {
      return new AbMcts(AbMcts.Config.CONJUGATE.with(AbMcts.Model.BETA));
    }
  }

  @Nested
  class Hierarchical extends Contract {
    @Override
    protected SearchStrategy create() {
      return new AbMcts(AbMcts.Config.HIERARCHICAL);
    }
  }
}

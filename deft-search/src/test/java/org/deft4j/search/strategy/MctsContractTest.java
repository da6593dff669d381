package org.deft4j.search.strategy;

import org.deft4j.search.testing.AbstractSearchStrategyContractTest;
import org.junit.jupiter.api.Nested;

class MctsContractTest {
  private abstract static class Contract extends AbstractSearchStrategyContractTest {
    @Override
    protected boolean joint() {
      return false;
    }
  }

  @Nested
  class Defaults extends Contract {
    @Override
    protected SearchStrategy create() {
      return new Mcts();
    }
  }

  @Nested
  class PuctWithRollouts extends Contract {
    @Override
    protected SearchStrategy create() {
      return new Mcts(
          new Mcts.Config(
              40,
              4,
              3,
              0,
              4,
              Mcts.Selection.PUCT,
              1.25,
              Mcts.Backup.MAX,
              .9,
              Mcts.Parallel.VIRTUAL_LOSS,
              true,
              Mcts.Rollout.SAMPLE,
              2,
              1));
    }
  }
}

package org.deft4j.search.strategy;

import java.util.List;
import java.util.Optional;
import org.deft4j.search.Thought;

/** A strategy that is told another seed than its context's. */
record Seeded(SearchStrategy strategy, long seed) implements SearchStrategy {
  @Override
  public void start(StrategyContext c) {
    strategy.start(
        new StrategyContext(c.root(), c.evaluator(), c.joint(), c.canPropose(), c.proves(), seed));
  }

  @Override
  public List<Ask> ask(int slots) {
    return strategy.ask(slots);
  }

  @Override
  public void tell(Told result) {
    strategy.tell(result);
  }

  @Override
  public Optional<Thought> current() {
    return strategy.current();
  }
}

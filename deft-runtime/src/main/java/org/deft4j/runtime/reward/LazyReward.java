package org.deft4j.runtime.reward;

import java.util.List;
import java.util.function.Supplier;
import org.deft4j.search.Thought;
import org.deft4j.search.evaluate.Evaluation;
import org.deft4j.search.evaluate.RewardModel;
import org.deft4j.search.evaluate.ThoughtEvaluator;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.tree.decode.Capabilities;

/** A reward model that is opened when a search begins. */
record LazyReward(Supplier<RewardModel> model) implements ThoughtEvaluator {
  @Override
  public String name() {
    return RewardModel.NAME;
  }

  @Override
  public boolean oracle() {
    return false;
  }

  @Override
  public void check(Problem problem, PromptLayout layout, Capabilities capabilities) {
    model.get().check(problem, layout, capabilities);
  }

  @Override
  public Evaluation plan(Problem problem, PromptLayout layout, List<List<Thought>> paths) {
    return model.get().plan(problem, layout, paths);
  }
}

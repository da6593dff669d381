package org.deft4j.search.evaluate;

import java.util.List;
import org.deft4j.search.Thought;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.tree.decode.Capabilities;

/**
 * Says how good thoughts are. An evaluator only plans: what it asks of the model runs as branches
 * of the search's own batch. Immutable and safe for many threads.
 */
public interface ThoughtEvaluator {
  /** The evaluator's name, for instance {@code judge}. */
  String name();

  /**
   * Whether it uses the reference answer, so that a report can set such runs apart. A check of the
   * problem's own rules is no oracle.
   */
  boolean oracle();

  /** Whether it compares thoughts, and so wants all of a level at once. */
  default boolean joint() {
    return false;
  }

  /** Whether it is a verifier: what it calls solved is solved, beyond doubt. */
  default boolean proves() {
    return false;
  }

  /**
   * Refuses a model or problem that it cannot work with.
   *
   * @throws org.deft4j.tree.DeftException with exit code 2, saying what is lacking
   */
  default void check(Problem problem, PromptLayout layout, Capabilities capabilities) {}

  /**
   * How to score thoughts.
   *
   * @param problem the problem
   * @param layout its prompts
   * @param paths for each thought its path from the root, itself last; one path unless {@link
   *     #joint}
   * @return a plan whose scores stand in the order of the paths
   */
  Evaluation plan(Problem problem, PromptLayout layout, List<List<Thought>> paths);
}

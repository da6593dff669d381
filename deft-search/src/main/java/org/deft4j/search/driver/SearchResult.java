package org.deft4j.search.driver;

import java.util.List;
import java.util.Optional;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.Verdict;
import org.deft4j.tree.plan.IoLedger;

/**
 * What a search found and what it took.
 *
 * @param problem its problem
 * @param best thoughts from the root to the one that gives the answer; empty when there is none
 * @param answer the answer
 * @param score the evaluator's score of it; empty when it was not evaluated
 * @param grade the task's grade of it, read after the search had ended
 * @param stopped why the search ended
 * @param tree the tree's figures
 * @param tokens the tokens spent
 * @param io attention's traffic while the search ran, other searches of the same decoder included
 * @param kvBytesShared most key-value bytes that sharing saved at one time
 * @param kvByteSeconds bytes of keys and values that the search held, times how long; 0 where the
 *     decoder does not count bytes
 * @param seconds wall time
 * @param thoughts every finished thought by ordinal, the root first
 */
public record SearchResult(
    Problem problem,
    List<Thought> best,
    Optional<String> answer,
    Optional<Score> score,
    Verdict grade,
    StopReason stopped,
    TreeFigures tree,
    TokenFigures tokens,
    IoLedger io,
    long kvBytesShared,
    double kvByteSeconds,
    double seconds,
    List<Thought> thoughts) {
  /** Copies lists. */
  public SearchResult {
    best = List.copyOf(best);
    thoughts = List.copyOf(thoughts);
  }

  /**
   * Names the tree: equal for equal thoughts, states and scores at equal places, whatever it took
   * to find them.
   */
  public String treeHash() {
    return TreeHash.of(thoughts);
  }

  /** Whether any thought of the tree gives a right answer, selected or not, by the task's grade. */
  public boolean covered() {
    return thoughts.stream()
        .map(Thought::answer)
        .flatMap(Optional::stream)
        .distinct()
        .anyMatch(a -> problem.grade(Optional.of(a)).solved());
  }

  /** Whether the answer is right, by the task's grade. */
  public boolean solved() {
    return grade.solved();
  }

  /**
   * What the tree looked like.
   *
   * @param nodes thoughts made, the root not counted
   * @param depth longest path in thoughts
   * @param maxWidth most branches at work in one step, probes of evaluators included
   */
  public record TreeFigures(int nodes, int depth, int maxWidth) {}

  /**
   * Tokens spent. Those of prompts are the decoder's counts while the search ran, other searches
   * included.
   *
   * @param decoded sampled for thoughts, cancelled ones included
   * @param evaluator sampled by evaluators
   * @param prefilled of prompts and questions, computed
   * @param reused of prompts, found in the cache
   * @param steps forward passes
   */
  public record TokenFigures(
      long decoded, long evaluator, long prefilled, long reused, long steps) {}
}

package org.deft4j.search.spi;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.tree.decode.FinishReason;

/**
 * The prompts of one problem for one model: what all stages share comes first, in {@link #root},
 * and the instruction of a stage last, so that a tree computes the shared part once.
 *
 * <p>A path lists thoughts from the root, which stands for the prompt, down to the one in question.
 * The tokens of a thought in the tree are its stage's prompt and then what was sampled. A layout is
 * a pure function of its arguments.
 */
public interface PromptLayout {
  /** The prompt that all stages share, with the begin-of-sequence token if the model wants one. */
  List<Integer> root();

  /**
   * How the last thought of a path is continued by sampling.
   *
   * @return empty where it is not, for instance for a finished answer that is not improved further
   */
  Optional<Stage> next(List<Thought> path);

  /**
   * What a sampled thought says.
   *
   * @param path the thoughts before it
   * @param stage the name of the stage that made it
   * @param tokens what was sampled, a stop token included
   * @param text the same as text, without control tokens; a stop string is included
   * @param reason why sampling ended
   */
  ThoughtState read(
      List<Thought> path, String stage, List<Integer> tokens, String text, FinishReason reason);

  /**
   * How several thoughts are joined into one that continues their common ancestor.
   *
   * @param path from the root to the ancestor; what is below it is not in the prompt
   * @param branches paths from the root to the thoughts that are joined
   * @return empty where this task or model cannot
   */
  default Optional<Stage> merge(List<Thought> path, List<List<Thought>> branches) {
    return Optional.empty();
  }

  /** How the model lists several next thoughts in one answer; empty where it cannot. */
  default Optional<Stage> propose(List<Thought> path) {
    return Optional.empty();
  }

  /** The thoughts listed in the model's answer to {@link #propose}, best guess first. */
  default List<Proposal> proposals(List<Thought> path, String text) {
    return List.of();
  }

  /** The question whether the last thought of a path is right: answers are yes, then no. */
  default Optional<Question> judge(List<Thought> path) {
    return Optional.empty();
  }

  /** How the model rates the last thought of a path in words; empty where it cannot. */
  default Optional<Rating> rate(List<Thought> path) {
    return Optional.empty();
  }

  /**
   * A request for a rating in words.
   *
   * @param stage what is asked; the model writes its answer
   * @param labels what each label is worth, 0 to 1; the last one that stands in the answer counts
   */
  record Rating(Stage stage, Map<String, Double> labels) {
    /** Copies the map and checks. */
    public Rating {
      labels = Map.copyOf(labels);
      if (labels.isEmpty() || labels.values().stream().anyMatch(v -> !(v >= 0 && v <= 1))) {
        throw new IllegalArgumentException("a rating needs labels worth 0..1, has " + labels);
      }
    }
  }

  /**
   * The question which of several thoughts is best, asked below the root; one answer for each
   * candidate, in order.
   */
  default Optional<Question> vote(List<Thought> candidates) {
    return Optional.empty();
  }

  /**
   * A thought that was listed.
   *
   * @param text what was listed
   * @param tokens what is appended to the parent for it
   * @param state what it says
   */
  record Proposal(String text, List<Integer> tokens, ThoughtState state) {
    /** Copies the list. */
    public Proposal {
      tokens = List.copyOf(tokens);
    }
  }
}

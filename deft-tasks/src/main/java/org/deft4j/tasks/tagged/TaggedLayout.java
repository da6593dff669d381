package org.deft4j.tasks.tagged;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.spi.ProblemTooLargeException;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Question;
import org.deft4j.search.spi.Stage;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.FinishReason;

/**
 * A task for a model that was trained on it: the problem first, shared by all, then a tag for the
 * stage. An answer ends with its own token, is improved by continuing it, up to three times in a
 * row, and judged where it ends; several may be joined below the problem.
 */
public abstract class TaggedLayout implements PromptLayout {
  /** Name of the stage that answers. */
  protected static final String SOLVE = "solve";

  private static final String IMPROVE = "improve";
  private static final String MERGE = "merge";
  private static final int MOST_IMPROVES = 3;

  /** Begin of sequence and the task's name. */
  private static final int TAGS = 2;

  private final Tags tags;
  private final List<Integer> root;
  private final int context;

  /**
   * A layout.
   *
   * @param problem the problem's tokens, what precedes them left out
   * @param context longest path in tokens that the model was trained on
   */
  protected TaggedLayout(Tags tags, List<Integer> problem, int context) {
    this.tags = tags;
    List<Integer> all = new ArrayList<>(List.of(tags.bos(), tags.task()));
    all.addAll(problem);
    this.root = List.copyOf(all);
    this.context = context;
  }

  /**
   * Refuses a problem that is longer than what the model was trained on.
   *
   * @param what is too long, for the message
   * @param most tokens, those before the problem not counted
   */
  protected final void requireProblem(String what, int most) {
    int size = root.size() - TAGS;
    if (size > most) {
      throw new ProblemTooLargeException(
          "%s: %,d tokens, and this model takes at most %,d: take less of it, or another model with"
                  .formatted(what, size, most)
              + " --model");
    }
  }

  /** Most tokens of an answer, its end not counted. */
  protected abstract int answerTokens();

  /** What the tokens of an answer say, its end left out. */
  protected abstract ThoughtState readAnswer(List<Integer> tokens);

  /** The tokens of an answer where it is joined with others. */
  protected abstract List<Integer> joined(Thought answer);

  /** How many answers the model was taught to join; 0 for none. */
  protected abstract int mostJoined();

  /** The model's tags. */
  protected final Tags tags() {
    return tags;
  }

  @Override
  public final List<Integer> root() {
    return root;
  }

  @Override
  public Optional<Stage> next(List<Thought> path) {
    Thought last = path.getLast();
    if (last.isRoot()) {
      return Optional.of(stage(SOLVE, List.of(tags.solve()), path));
    }
    long improves = path.stream().filter(t -> t.stage().equals(IMPROVE)).count();
    // One that could not be as long as what it improves would be cut off.
    return last.answer().isPresent() && improves < MOST_IMPROVES && room(path) > last.tokens()
        ? Optional.of(stage(IMPROVE, List.of(tags.improve()), path))
        : Optional.empty();
  }

  private Stage stage(String name, List<Integer> prompt, List<Thought> path) {
    int most = Math.min(answerTokens() + 1, room(path) - prompt.size() + 1);
    return new Stage(name, prompt, Math.max(1, most), List.of(tags.end()), List.of());
  }

  /** Tokens that the model's context has left after a path and a tag. */
  protected final int room(List<Thought> path) {
    long used = root.size();
    for (Thought t : path) {
      used += t.tokens() + 1;
      // The answers that were joined stand before it, each about as long.
      used += t.stage().equals(MERGE) ? (long) mostJoined() * t.tokens() : 0;
    }
    return (int) Math.max(0, context - used);
  }

  @Override
  public ThoughtState read(
      List<Thought> path, String stage, List<Integer> sampled, String text, FinishReason reason) {
    return sampled.isEmpty() || sampled.getLast() != tags.end()
        ? new ThoughtState.Dead("the answer does not end")
        : readAnswer(sampled.subList(0, sampled.size() - 1));
  }

  @Override
  public final Optional<Stage> merge(List<Thought> path, List<List<Thought>> branches) {
    if (mostJoined() == 0) {
      return Optional.empty();
    }
    if (branches.size() < 2 || branches.size() > mostJoined()) {
      throw refused(
          "joins %s answers, was given %d: keep fewer before aggregate"
              .formatted(mostJoined() == 2 ? "two" : "2 to " + mostJoined(), branches.size()));
    }
    if (!path.getLast().isRoot()) {
      throw refused("joins answers to the problem, not several improvements of one answer");
    }
    List<Integer> prompt = new ArrayList<>(List.of(tags.merge()));
    for (List<Thought> branch : branches) {
      if (branch.getLast().answer().isEmpty()) {
        throw refused("joins whole answers, not parts of them: use -T thoughts=whole");
      }
      if (prompt.size() > 1) {
        prompt.add(tags.sep());
      }
      prompt.addAll(joined(branch.getLast()));
    }
    prompt.add(tags.solve());
    if (room(path) <= prompt.size()) {
      throw refused("has no room for these answers beside the problem: join fewer");
    }
    return Optional.of(stage(MERGE, prompt, path));
  }

  private static DeftException refused(String why) {
    return new DeftException(DeftException.USAGE, "this model " + why);
  }

  @Override
  public Optional<Question> judge(List<Thought> path) {
    return path.getLast().answer().isEmpty()
        ? Optional.empty()
        : Optional.of(new Question(List.of(tags.judge()), List.of(tags.yes(), tags.no())));
  }
}

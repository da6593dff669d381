package org.deft4j.tasks.merging;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.spi.Question;
import org.deft4j.search.spi.Stage;
import org.deft4j.tasks.tagged.TaggedLayout;
import org.deft4j.tasks.tagged.Tags;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.constrain.Grammar;
import org.deft4j.tree.decode.FinishReason;

/**
 * Document merging for a model that was trained on it. A document is its sentences, a line each;
 * the model writes those of the first document that it keeps, {@code <|sep|>}, those of the second,
 * and so on to {@code <|end|>}.
 *
 * <p>What it keeps of one document is a thought (or the whole merge, where that is asked for): the
 * tokens are the same, but a search can take the best of several before the next document is begun,
 * and a part that went wrong costs a part. Improvements and joined merges are written whole.
 */
final class PartLayout extends TaggedLayout {
  /** The tag of the task. */
  static final String TAG = "<|document|>";

  private static final String PART = "part";
  private static final int SLACK = 32;

  private final MergeProblem problem;
  private final int[] sizes;
  private final List<Grammar> lines;
  private final boolean parts;

  PartLayout(MergeProblem problem, Tags tags, boolean parts) {
    super(tags, documents(problem, tags), Tags.CONTEXT);
    this.problem = problem;
    this.parts = parts;
    this.sizes = problem.documents().stream().mapToInt(d -> tokens(d, tags).size()).toArray();
    this.lines = problem.documents().stream().map(d -> kept(English.sentences(d))).toList();
    requireProblem("the documents", Tags.MOST_PROBLEM);
  }

  private static List<Integer> documents(MergeProblem problem, Tags tags) {
    List<Integer> ids = new ArrayList<>();
    for (String document : problem.documents()) {
      if (!ids.isEmpty()) {
        ids.add(tags.sep());
      }
      ids.addAll(tokens(document, tags));
    }
    return ids;
  }

  private static List<Integer> tokens(String document, Tags tags) {
    return tags.encode(English.sentences(document));
  }

  @Override
  public Optional<Stage> next(List<Thought> path) {
    int done = parts(path);
    boolean open = path.getLast().isRoot() || path.getLast().stage().equals(PART);
    if (!parts || !open || done == sizes.length) {
      return super.next(path);
    }
    // The first one's tag; the others go on where the one before ended.
    List<Integer> prompt = done == 0 ? List.of(tags().solve()) : List.of();
    int most = Math.min(sizes[done] + SLACK, room(path));
    return most < 1
        ? Optional.empty()
        : Optional.of(
            new Stage(PART, prompt, most, List.of(tags().sep(), tags().end()), List.of())
                .withConstraint(lines.get(done)));
  }

  /**
   * Any of a document's lines, in their order, a line break between two. A model that copies line
   * by line slips at rare words; which lines to keep is left to it.
   */
  private static Grammar kept(List<String> lines) {
    // Line breaks may follow, so that decoding never ends before the model says that the part does.
    StringBuilder rules = new StringBuilder("root ::= from-0? \"\\n\"*\n");
    for (int i = 0; i < lines.size(); i++) {
      rules.append("from-").append(i).append(" ::= ").append(literal(lines.get(i)));
      if (i < lines.size() - 1) {
        rules.append(" (\"\\n\" from-").append(i + 1).append(")? | from-").append(i + 1);
      }
      rules.append('\n');
    }
    return Grammar.gbnf(rules.toString());
  }

  private static String literal(String text) {
    return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\t", "\\t") + '"';
  }

  private static int parts(List<Thought> path) {
    return (int) path.stream().filter(t -> t.stage().equals(PART)).count();
  }

  @Override
  public ThoughtState read(
      List<Thought> path, String stage, List<Integer> sampled, String text, FinishReason reason) {
    if (!stage.equals(PART)) {
      return super.read(path, stage, sampled, text, reason);
    }
    int number = parts(path) + 1;
    boolean last = number == sizes.length;
    int end = sampled.isEmpty() ? -1 : sampled.getLast();
    if (end == tags().sep() ? last : end != tags().end() || !last) {
      return new ThoughtState.Dead(
          end == tags().sep()
              ? "a part more than there are documents"
              : end == tags().end()
                  ? "the merge ends with document " + number + " of " + sizes.length
                  : "the part of document " + number + " does not end");
    }
    List<String> lines = new ArrayList<>();
    if (number > 1) {
      lines.addAll(path.getLast().state().text().lines().toList());
    }
    lines.addAll(lines(sampled.subList(0, sampled.size() - 1)));
    if (!last) {
      lines.add(MergeProblem.SEPARATOR);
      return new ThoughtState.Partial(String.join("\n", lines));
    }
    lines.removeIf(MergeProblem.SEPARATOR::equals);
    return answer(lines);
  }

  private List<String> lines(List<Integer> tokens) {
    return tags().decode(tokens).lines().map(String::strip).filter(l -> !l.isEmpty()).toList();
  }

  private static ThoughtState answer(List<String> lines) {
    return lines.isEmpty()
        ? new ThoughtState.Dead("an empty merge")
        : new ThoughtState.Answer(String.join("\n", lines));
  }

  @Override
  protected ThoughtState readAnswer(List<Integer> tokens) {
    List<String> lines = new ArrayList<>();
    int part = 0;
    int from = 0;
    for (int i = 0; i <= tokens.size(); i++) {
      if (i == tokens.size() || tokens.get(i) == tags().sep()) {
        lines.addAll(lines(tokens.subList(from, i)));
        from = i + 1;
        part++;
      }
    }
    return part == sizes.length
        ? answer(lines)
        : new ThoughtState.Dead("a merge of " + part + " parts for " + sizes.length + " documents");
  }

  @Override
  protected int answerTokens() {
    int all = SLACK;
    for (int size : sizes) {
      all += size + 1;
    }
    return all;
  }

  @Override
  protected int mostJoined() {
    return 2;
  }

  @Override
  protected List<Integer> joined(Thought answer) {
    return tags().encode(answer.answer().orElseThrow().lines().toList());
  }

  @Override
  public Optional<Question> judge(List<Thought> path) {
    if (path.getLast().state() instanceof ThoughtState.Partial) {
      throw new DeftException(
          DeftException.USAGE,
          "this model judges whole merges of "
              + problem.documents().size()
              + " documents: use -T thoughts=whole with a judge");
    }
    return super.judge(path);
  }
}

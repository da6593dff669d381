package org.deft4j.search.evaluate;

import java.util.ArrayList;
import java.util.List;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.evaluate.Evaluation.Probe;
import org.deft4j.search.evaluate.Evaluation.Reading;
import org.deft4j.search.spi.EvaluatorFactory;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.tree.decode.Capabilities;

/**
 * The weighted mean of several evaluators' scores. Their probes run side by side. The variance is
 * that between the evaluators. A thought is solved when a proving member says so, or where none
 * proves when all say so.
 */
public final class Ensemble implements ThoughtEvaluator {
  /** Its name. */
  public static final String NAME = "ensemble";

  private final List<Member> members;

  /**
   * A member.
   *
   * @param evaluator it
   * @param weight above 0
   */
  public record Member(ThoughtEvaluator evaluator, double weight) {
    /** Checks the weight. */
    public Member {
      if (!(weight > 0 && Double.isFinite(weight))) {
        throw new IllegalArgumentException("a weight must be above 0, was " + weight);
      }
    }
  }

  /**
   * An ensemble.
   *
   * @param members at least one
   */
  public Ensemble(List<Member> members) {
    if (members.isEmpty()) {
      throw new IllegalArgumentException("an ensemble needs a member");
    }
    this.members = List.copyOf(members);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public boolean oracle() {
    return members.stream().anyMatch(m -> m.evaluator().oracle());
  }

  @Override
  public boolean joint() {
    return members.stream().anyMatch(m -> m.evaluator().joint());
  }

  @Override
  public boolean proves() {
    return members.stream().anyMatch(m -> m.evaluator().proves());
  }

  @Override
  public void check(Problem problem, PromptLayout layout, Capabilities capabilities) {
    members.forEach(m -> m.evaluator().check(problem, layout, capabilities));
  }

  @Override
  public Evaluation plan(Problem problem, PromptLayout layout, List<List<Thought>> paths) {
    List<Probe> probes = new ArrayList<>();
    List<List<Evaluation>> plans = new ArrayList<>();
    for (Member m : members) {
      List<Evaluation> mine = new ArrayList<>();
      if (m.evaluator().joint()) {
        mine.add(m.evaluator().plan(problem, layout, paths));
      } else {
        paths.forEach(path -> mine.add(m.evaluator().plan(problem, layout, List.of(path))));
      }
      mine.forEach(plan -> probes.addAll(plan.probes()));
      plans.add(mine);
    }
    return new Evaluation(probes, readings -> fold(plans, readings, paths.size()));
  }

  private List<Score> fold(
      List<List<Evaluation>> plans, List<? extends Reading> readings, int paths) {
    List<List<Score>> all = new ArrayList<>();
    int from = 0;
    for (List<Evaluation> mine : plans) {
      List<Score> scores = new ArrayList<>();
      for (Evaluation plan : mine) {
        int to = from + plan.probes().size();
        scores.addAll(plan.fold().apply(List.copyOf(readings.subList(from, to))));
        from = to;
      }
      all.add(scores);
    }
    List<Score> means = new ArrayList<>();
    for (int i = 0; i < paths; i++) {
      means.add(mean(all, i));
    }
    return means;
  }

  private Score mean(List<List<Score>> all, int path) {
    double weights = members.stream().mapToDouble(Member::weight).sum();
    double mean = 0;
    boolean every = true;
    boolean proved = false;
    for (int m = 0; m < members.size(); m++) {
      Score score = all.get(m).get(path);
      mean += members.get(m).weight() / weights * score.value();
      every &= score.solved();
      proved |= score.solved() && members.get(m).evaluator().proves();
    }
    double variance = 0;
    for (int m = 0; m < members.size(); m++) {
      double off = all.get(m).get(path).value() - mean;
      variance += members.get(m).weight() / weights * off * off;
    }
    boolean solved = proves() ? proved : every;
    return new Score(Math.min(1, mean), variance, members.size(), solved, NAME);
  }

  /** Makes it by name, of the evaluators that need no options. */
  public static final class Factory implements EvaluatorFactory {
    @Override
    public String description() {
      return "the weighted mean of several evaluators";
    }

    @Override
    public List<OptionSpec> options() {
      return List.of(
          new OptionSpec(
              "of",
              "judge+log-prob",
              "names joined by +, each of checker, judge, log-prob, value, vote, tournament,"
                  + " agreement, oracle; name*2 for a weight"));
    }

    @Override
    public ThoughtEvaluator create(Options options) {
      options.requireKnown("evaluator " + NAME, options());
      List<Member> members = new ArrayList<>();
      for (String part : options.text("of", "judge+log-prob").split("\\+", -1)) {
        int star = part.indexOf('*');
        String name = (star < 0 ? part : part.substring(0, star)).strip();
        members.add(new Member(member(name), star < 0 ? 1 : weight(part.substring(star + 1))));
      }
      return new Ensemble(members);
    }

    private static double weight(String text) {
      return Options.none().with("of", text).number("of", 1, 1e-6, 1e6);
    }

    private static ThoughtEvaluator member(String name) {
      return switch (name) {
        case Checker.NAME -> new Checker();
        case Judge.NAME -> new Judge();
        case LogProbEvaluator.NAME -> new LogProbEvaluator(true);
        case ValueEvaluator.NAME -> new ValueEvaluator();
        case Vote.NAME -> new Vote();
        case Tournament.NAME -> new Tournament();
        case Agreement.NAME -> new Agreement();
        case Oracle.NAME -> new Oracle();
        default ->
            throw new IllegalArgumentException(
                "option of: no evaluator '"
                    + name
                    + "' for an ensemble; there are checker, judge, log-prob, value, vote,"
                    + " tournament, agreement, oracle");
      };
    }
  }
}

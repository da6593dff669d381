package org.deft4j.search.driver;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongPredicate;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.budget.BudgetMeter;
import org.deft4j.search.evaluate.Evaluation;
import org.deft4j.search.evaluate.ThoughtEvaluator;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Stage;
import org.deft4j.search.strategy.Ask;
import org.deft4j.search.strategy.PruneReason;
import org.deft4j.search.strategy.ThoughtGenerator;
import org.deft4j.search.strategy.Told;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * The asks of one search's strategy: reserves what they may use, begins their branches and
 * computations, and puts what comes of them into the strategy's inbox.
 */
final class Asks {
  private final SearchRequest request;
  private final PromptLayout layout;
  private final ThoughtTree tree;
  private final BudgetMeter meter;
  private final Journal journal;
  private final Inbox inbox;
  private final Branches branches;
  private final Computations computations;
  private final Map<Long, OpenAsk> open = new HashMap<>();
  private final Map<Long, SearchEvent.ThoughtAdded> spare = new HashMap<>();
  private LongPredicate known = _ -> false;
  private long nextOrdinal = 1;
  private int refusals;
  private @Nullable StopReason shortOf;

  Asks(
      SearchRequest request,
      PromptLayout layout,
      Lanes lanes,
      ThoughtTree tree,
      Points points,
      BudgetMeter meter,
      Journal journal,
      Inbox inbox) {
    this.request = request;
    this.layout = layout;
    this.tree = tree;
    this.meter = meter;
    this.journal = journal;
    this.inbox = inbox;
    this.computations = new Computations(this, lanes);
    this.branches =
        new Branches(
            this,
            journal,
            tree,
            lanes,
            meter,
            points,
            new Harvest(this, layout, tree, lanes, meter),
            request.seed(),
            request.epoch() > 0);
  }

  Branches branches() {
    return branches;
  }

  Computations computations() {
    return computations;
  }

  /** Whether no ask is open. */
  boolean isEmpty() {
    return open.isEmpty();
  }

  /** Asks in a row that were refused for lack of budget. */
  int refusals() {
    return refusals;
  }

  /** The limit that was met last, if one was. */
  @Nullable StopReason shortOf() {
    return shortOf;
  }

  /** The results of these asks are known from a recording: nothing is evaluated for them. */
  void known(LongPredicate which) {
    known = which;
  }

  /** Thoughts that an earlier run made, to be taken where they are asked for again. */
  void spare(List<SearchEvent.ThoughtAdded> thoughts) {
    thoughts.forEach(t -> spare.put(t.thought().ordinal(), t));
  }

  // --- what the strategy asks

  void accept(Ask ask) {
    switch (ask) {
      case Ask.Expand e -> expand(e);
      case Ask.Evaluate e -> evaluate(e);
      case Ask.Cancel c -> {
        OpenAsk a = open.get(c.id());
        if (a != null) {
          computations.drop(running -> running.ask() == a);
          branches.drop(job -> job.ask == a);
        }
      }
      case Ask.Prune p -> tree.find(p.thought()).ifPresent(e -> prune(e, p.why()));
    }
  }

  private void expand(Ask.Expand e) {
    ThoughtTree.Entry from = tree.live(e.from());
    boolean list =
        e.how() instanceof ThoughtGenerator.Propose
            || e.how() instanceof ThoughtGenerator.TokenBeam;
    Optional<Stage> stage =
        switch (e.how()) {
          case ThoughtGenerator.Propose p -> layout.propose(from.path());
          case ThoughtGenerator.Merge m -> Optional.of(merge(from, m.parents()));
          case ThoughtGenerator.Sample any -> layout.next(from.path());
          case ThoughtGenerator.TokenBeam any -> layout.next(from.path());
        };
    boolean deeper = meter.allowsDepth(from.thought.depth() + 1);
    int nodes = stage.isEmpty() || !deeper ? 0 : meter.reserveNodes(e.count());
    OpenAsk ask = open(e.id(), list ? Math.min(1, nodes) : nodes);
    if (stage.isPresent() && nodes < e.count()) {
      refused(ask, deeper ? StopReason.NODE_BUDGET : StopReason.DEPTH_BUDGET);
    }
    for (int i = 0; i < ask.pending; i++) {
      branches.queue(
          new Job.Grow(
              ask, from, stage.orElseThrow(), e.how(), nextOrdinal + i, list ? nodes : 1, list));
    }
    nextOrdinal += nodes;
    closeIfEnded(ask);
  }

  private Stage merge(ThoughtTree.Entry from, List<Long> parents) {
    return layout
        .merge(from.path(), parents.stream().map(tree::path).toList())
        .orElseThrow(() ->
            new DeftException(
                DeftException.USAGE,
                "task "
                    + request.problem().task()
                    + " cannot join thoughts for this model: leave out aggregate"));
  }

  private void evaluate(Ask.Evaluate e) {
    ThoughtEvaluator evaluator =
        request
            .evaluator()
            .orElseThrow(() -> new IllegalStateException("this search has no evaluator"));
    List<List<Thought>> paths =
        e.thoughts().stream()
            .map(t -> tree.live(t).path())
            .<List<Thought>>map(List::copyOf)
            .toList();
    Evaluation plan = evaluator.plan(request.problem(), layout, paths);
    OpenAsk ask = open(e.id(), plan.probes().size());
    Scoring scoring = new Scoring(ask, e.thoughts(), plan);
    boolean told = known.test(e.id());
    for (int i = 0; i < plan.probes().size(); i++) {
      Evaluation.Probe probe = plan.probes().get(i);
      ThoughtTree.Entry at = tree.live(probe.at());
      if (probe instanceof Evaluation.Probe.Compute c) {
        if (told) {
          ask.pending--;
        } else {
          computations.start(scoring, i, at, c);
        }
        continue;
      }
      branches.queue(
          switch (probe) {
            case Evaluation.Probe.Choice c -> new Job.Choose(scoring, i, at, c.question());
            case Evaluation.Probe.Compute c -> throw new AssertionError("begun above");
            case Evaluation.Probe.Write w ->
                new Job.Opine(
                    scoring,
                    i,
                    at,
                    w.stage(),
                    w.sampling(),
                    Branches.evaluatorStream(e.thoughts().getFirst(), i));
          });
    }
    // What a trace knows is not evaluated again, even where that asks nothing of the model.
    if (plan.probes().isEmpty() && !told) {
      scored(scoring);
      closeIfEnded(ask);
    }
  }

  private OpenAsk open(long id, int pending) {
    OpenAsk ask = new OpenAsk(id, pending);
    if (open.put(id, ask) != null) {
      throw new IllegalStateException("the strategy used ask id " + id + " twice");
    }
    inbox.asked(id);
    return ask;
  }

  /** The open ask of this id. */
  @Nullable OpenAsk find(long id) {
    return open.get(id);
  }

  private void prune(ThoughtTree.Entry entry, PruneReason why) {
    computations.drop(running -> running.at().within(entry));
    branches.prune(entry);
    journal.emit(new SearchEvent.Pruned(entry.thought.ordinal(), why));
  }

  // --- what comes of them

  /** A branch of an ask ended, with or without a result. */
  void ended(OpenAsk ask) {
    ask.pending--;
    closeIfEnded(ask);
  }

  /** Closes an ask of which nothing more comes. */
  void closeIfEnded(OpenAsk ask) {
    if (ask.pending == 0 && open.remove(ask.id) != null) {
      spent();
      journal.emit(
          new SearchEvent.Closed(ask.id, ask.results, ask.why, Optional.ofNullable(ask.limit)));
      inbox.add(new Told.Closed(ask.id, ask.results, ask.why));
    }
  }

  /** The budget did not allow a branch. */
  void refused(OpenAsk ask, StopReason why) {
    if (ask.why == Told.Why.DONE) {
      refusals++;
    }
    ask.because(Told.Why.BUDGET);
    if (ask.limit == null) {
      ask.limit = why;
    }
    shortOf = why;
  }

  /** A thought is finished. */
  void grown(OpenAsk ask, ThoughtTree.Entry entry, boolean cut) {
    refusals = 0;
    ask.results++;
    journal.reached(entry.thought.depth());
    spent();
    List<Integer> tokens = java.util.Arrays.stream(entry.tokens).boxed().toList();
    journal.emit(new SearchEvent.ThoughtAdded(ask.id, entry.thought, tokens, cut));
    inbox.add(new Told.Grown(ask.id, entry.thought));
  }

  /** All probes of an evaluation have ended. */
  void scored(Scoring scoring) {
    List<Score> scores = scoring.scores();
    if (!scores.isEmpty()) {
      spent();
    }
    for (int i = 0; i < scores.size(); i++) {
      score(scoring.ask, scoring.thoughts.get(i), scores.get(i));
    }
  }

  /** A trace has the scores of an evaluation. */
  void scoredAgain(OpenAsk ask, List<SearchEvent.Scored> scores) {
    scores.forEach(s -> score(ask, s.thought(), s.score()));
  }

  private void score(OpenAsk ask, long ordinal, Score score) {
    ThoughtTree.Entry entry = tree.find(ordinal).orElse(null);
    if (entry == null) {
      return;
    }
    entry.thought = entry.thought.withScore(score);
    ask.results++;
    journal.emit(new SearchEvent.Scored(ask.id, ordinal, score));
    inbox.add(new Told.Scored(ask.id, ordinal, score));
  }

  /** What an earlier run made of a job, if it is the same one. */
  SearchEvent.@Nullable ThoughtAdded remembered(Job.Grow job) {
    SearchEvent.ThoughtAdded known = spare.get(job.ordinal);
    return known != null && job.makes(known.thought()) ? known : null;
  }

  private void spent() {
    journal.spent(meter.usage(branches.reused()));
  }
}

package org.deft4j.search.driver;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.budget.BudgetMeter;
import org.deft4j.search.evaluate.Evaluation;
import org.deft4j.search.evaluate.ThoughtEvaluator;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Stage;
import org.deft4j.search.strategy.Ask;
import org.deft4j.search.strategy.StrategyContext;
import org.deft4j.search.strategy.ThoughtGenerator;
import org.deft4j.search.strategy.Told;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.DecoderStats;
import org.jspecify.annotations.Nullable;

/**
 * A search that a {@link SearchDriver} runs: accepts its strategy's asks, keeps its budget, and
 * tells it what came of them.
 */
public final class Search {
  /** A strategy that is refused this often in a row, for lack of budget, is ended. */
  private static final int PATIENCE = 64;

  private final SearchRequest request;
  private final Lanes lanes;
  private final LongSupplier nanoClock;
  private final PromptLayout layout;
  private final BudgetMeter meter;
  private final ThoughtTree tree = new ThoughtTree();
  private final Branches branches;
  private final Map<Long, OpenAsk> open = new HashMap<>();
  private final Deque<Told> inbox = new ArrayDeque<>();
  private final List<SearchEvent.Sample> samples = new ArrayList<>();
  private final DecoderStats before;
  private final long began;
  private long nextOrdinal = 1;
  private int refusals;
  private @Nullable StopReason shortOf;
  private int depth;
  private int maxWidth;
  private long shared;
  private volatile boolean cancelled;
  private volatile Optional<Thought> best = Optional.empty();
  private volatile @Nullable SearchResult result;
  private boolean over;

  Search(SearchRequest request, Lanes lanes, LongSupplier nanoClock) {
    this.request = request;
    this.lanes = lanes;
    this.nanoClock = nanoClock;
    this.began = nanoClock.getAsLong();
    this.before = lanes.decoder().stats();
    this.meter = new BudgetMeter(request.budget());
    this.layout = request.problem().layout(lanes.decoder().codec());
    request
        .evaluator()
        .ifPresent(e -> e.check(request.problem(), layout, lanes.decoder().capabilities()));
    int context = lanes.decoder().capabilities().contextLength();
    if (layout.root().size() >= context) {
      throw new DeftException(
          DeftException.USAGE,
          "the problem's prompt has "
              + layout.root().size()
              + " tokens, the model's context "
              + context
              + ": take a smaller problem or another model");
    }
    Thought root =
        new Thought(
            Thought.ROOT,
            -1,
            0,
            "",
            "",
            new ThoughtState.Partial(request.problem().text()),
            0,
            0,
            true,
            Optional.empty());
    request
        .strategy()
        .start(
            new StrategyContext(
                root,
                request.evaluator().map(ThoughtEvaluator::name).orElse(""),
                request.evaluator().map(ThoughtEvaluator::joint).orElse(false),
                layout.propose(List.of(root)).isPresent(),
                request.evaluator().map(ThoughtEvaluator::proves).orElse(false),
                request.seed()));
    ThoughtTree.Point prompt =
        new ThoughtTree.Point(lanes.decoder().root(Lanes.ints(layout.root())), true);
    ThoughtTree.Entry entry = tree.add(root, null, prompt, List.of());
    this.branches = new Branches(this, lanes, meter, entry, request.seed());
    emit(new SearchEvent.Started(request.problem(), request.seed()));
  }

  /** Ends the search at the next step; its result then has the best answer so far. Any thread. */
  public void cancel() {
    cancelled = true;
  }

  /** Whether the search has ended. */
  public boolean done() {
    return over;
  }

  /** The best answering thought so far. Any thread. */
  public Optional<Thought> current() {
    return best;
  }

  /** The result, once the search has ended. Any thread. */
  public Optional<SearchResult> result() {
    return Optional.ofNullable(result);
  }

  PromptLayout layout() {
    return layout;
  }

  ThoughtTree tree() {
    return tree;
  }

  /** Tells the listener; tokens sampled before go first. */
  void emit(SearchEvent event) {
    if (!samples.isEmpty()) {
      SearchEvent.TokenBatch batch = new SearchEvent.TokenBatch(samples);
      samples.clear();
      request.listener().on(batch);
    }
    request.listener().on(event);
  }

  /** A token was sampled on one of the search's branches. */
  void sampled(long branch, int token) {
    samples.add(new SearchEvent.Sample(branch, token));
  }

  /** Hears results, takes asks and starts branches until the search must wait for a step. */
  void prepare() {
    while (!over) {
      if (cancelled) {
        finish(StopReason.CANCELLED);
        return;
      }
      if (meter.timeUp(nanoClock.getAsLong() - began)) {
        finish(StopReason.TIME_BUDGET);
        return;
      }
      boolean heard = deliver();
      int slots = branches.slots();
      List<Ask> asks = request.strategy().ask(slots);
      emit(new SearchEvent.Asked(slots, asks));
      asks.forEach(this::accept);
      branches.start();
      if (refusals > PATIENCE || (asks.isEmpty() && inbox.isEmpty() && open.isEmpty())) {
        finish(reason());
        return;
      }
      if (!heard && asks.isEmpty() && inbox.isEmpty()) {
        return;
      }
    }
  }

  /** The decoder has no room for what the search's branches need. */
  void outOfMemory() {
    finish(StopReason.MEMORY);
  }

  /** Whether a thought was made. */
  boolean grew() {
    return meter.nodesMade() > 0;
  }

  /** Branches at work. */
  int width() {
    return branches.live();
  }

  private StopReason reason() {
    if (best.flatMap(Thought::score).map(Score::solved).orElse(false)) {
      return StopReason.SOLVED;
    }
    return shortOf == null ? StopReason.FINISHED : shortOf;
  }

  private boolean deliver() {
    boolean any = !inbox.isEmpty();
    while (!inbox.isEmpty()) {
      request.strategy().tell(inbox.remove());
    }
    if (any) {
      Optional<Thought> now = request.strategy().current();
      if (!now.equals(best)) {
        best = now;
        now.ifPresent(t -> emit(new SearchEvent.Selected(t)));
      }
    }
    return any;
  }

  private void accept(Ask ask) {
    switch (ask) {
      case Ask.Expand e -> expand(e);
      case Ask.Evaluate e -> evaluate(e);
      case Ask.Cancel c -> {
        OpenAsk a = open.get(c.id());
        if (a != null) {
          branches.drop(job -> job.ask == a);
        }
      }
      case Ask.Prune p -> tree.find(p.thought()).ifPresent(this::prune);
    }
  }

  private void expand(Ask.Expand e) {
    ThoughtTree.Entry from = tree.live(e.from());
    boolean list = e.how() instanceof ThoughtGenerator.Propose;
    Optional<Stage> stage = list ? layout.propose(from.path()) : layout.next(from.path());
    int nodes = stage.isEmpty() ? 0 : meter.reserveNodes(e.count());
    OpenAsk ask = open(e.id(), list ? Math.min(1, nodes) : nodes);
    if (stage.isPresent() && nodes < e.count()) {
      refused(ask, StopReason.NODE_BUDGET);
    }
    for (int i = 0; i < ask.pending; i++) {
      branches.queue(
          new Job.Grow(
              ask,
              from,
              stage.orElseThrow(),
              e.how().sampling(),
              nextOrdinal + i,
              list ? nodes : 1,
              list));
    }
    nextOrdinal += nodes;
    closeIfEnded(ask);
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
    for (int i = 0; i < plan.probes().size(); i++) {
      Evaluation.Probe probe = plan.probes().get(i);
      ThoughtTree.Entry at = tree.live(probe.at());
      branches.queue(
          switch (probe) {
            case Evaluation.Probe.Choice c -> new Job.Choose(scoring, i, at, c.question());
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
    if (plan.probes().isEmpty()) {
      scored(scoring);
      closeIfEnded(ask);
    }
  }

  private OpenAsk open(long id, int pending) {
    OpenAsk ask = new OpenAsk(id, pending);
    if (open.put(id, ask) != null) {
      throw new IllegalStateException("the strategy used ask id " + id + " twice");
    }
    return ask;
  }

  private void prune(ThoughtTree.Entry entry) {
    branches.drop(job -> job.at.within(entry));
    branches.dropPreparing(entry);
    if (entry.point != null) {
      lanes.release(entry.point.node);
    }
    tree.forget(entry);
    emit(new SearchEvent.Pruned(entry.thought.ordinal()));
  }

  /** A branch of an ask ended, with or without a result. */
  void ended(OpenAsk ask) {
    ask.pending--;
    closeIfEnded(ask);
  }

  private void closeIfEnded(OpenAsk ask) {
    if (ask.pending == 0 && open.remove(ask.id) != null) {
      emit(new SearchEvent.Closed(ask.id, ask.results, ask.why));
      inbox.add(new Told.Closed(ask.id, ask.results, ask.why));
    }
  }

  /** The budget did not allow a branch. */
  void refused(OpenAsk ask, StopReason why) {
    if (ask.why == Told.Why.DONE) {
      refusals++;
    }
    ask.because(Told.Why.BUDGET);
    shortOf = why;
  }

  /** A thought is finished. */
  void grown(OpenAsk ask, ThoughtTree.Entry entry, List<Integer> tokens) {
    refusals = 0;
    ask.results++;
    depth = Math.max(depth, entry.thought.depth());
    emit(new SearchEvent.ThoughtAdded(ask.id, entry.thought, tokens));
    inbox.add(new Told.Grown(ask.id, entry.thought));
  }

  /** All probes of an evaluation have ended. */
  void scored(Scoring scoring) {
    List<Score> scores = scoring.scores();
    for (int i = 0; i < scores.size(); i++) {
      long ordinal = scoring.thoughts.get(i);
      ThoughtTree.Entry entry = tree.find(ordinal).orElse(null);
      if (entry == null) {
        continue;
      }
      entry.thought = entry.thought.withScore(scores.get(i));
      scoring.ask.results++;
      emit(new SearchEvent.Scored(scoring.ask.id, ordinal, scores.get(i)));
      inbox.add(new Told.Scored(scoring.ask.id, ordinal, scores.get(i)));
    }
  }

  /** A step is about to be made. */
  void stepping() {
    maxWidth = Math.max(maxWidth, branches.live());
    DecoderStats now = lanes.decoder().stats();
    shared = Math.max(shared, now.kvBytesShared());
    emit(
        new SearchEvent.Stepped(
            branches.live(),
            branches.decoded(),
            Math.toIntExact(meter.nodesMade()),
            now.steps(),
            now.kvBytes(),
            now.kvBytesShared()));
  }

  private void finish(StopReason stopped) {
    deliver();
    request.strategy().current().ifPresent(t -> best = Optional.of(t));
    branches.drop(job -> true);
    DecoderStats after = lanes.decoder().stats();
    abandon();
    Optional<String> answer = best.flatMap(Thought::answer);
    long prefilled = after.prefilledTokens() - before.prefilledTokens();
    SearchResult done =
        new SearchResult(
            request.problem(),
            best.map(t -> tree.path(t.ordinal())).orElse(List.of()),
            answer,
            best.flatMap(Thought::score),
            request.problem().grade(answer),
            stopped,
            new SearchResult.TreeFigures(Math.toIntExact(meter.nodesMade()), depth, maxWidth),
            new SearchResult.TokenFigures(
                branches.decoded(),
                branches.evaluatorDecoded(),
                prefilled,
                Math.max(0, branches.resent() - prefilled),
                after.steps() - before.steps()),
            after.io().minus(before.io()),
            shared,
            (nanoClock.getAsLong() - began) / 1e9,
            tree.thoughts());
    result = done;
    emit(new SearchEvent.Finished(done));
  }

  /** Frees the search's tree. */
  void abandon() {
    if (!over) {
      over = true;
      branches.release();
    }
  }
}

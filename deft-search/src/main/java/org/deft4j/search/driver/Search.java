package org.deft4j.search.driver;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.budget.BudgetMeter;
import org.deft4j.search.budget.SearchBudget;
import org.deft4j.search.budget.Usage;
import org.deft4j.search.evaluate.Evaluation;
import org.deft4j.search.evaluate.ThoughtEvaluator;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.spi.ProblemTooLargeException;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Stage;
import org.deft4j.search.strategy.Ask;
import org.deft4j.search.strategy.PruneReason;
import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.search.strategy.StrategyContext;
import org.deft4j.search.strategy.ThoughtGenerator;
import org.deft4j.search.strategy.Told;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.DecoderStats;
import org.deft4j.tree.decode.NodeId;
import org.jspecify.annotations.Nullable;

/**
 * A search that a {@link SearchDriver} runs: accepts its strategy's asks, keeps its budget, and
 * tells it what came of them.
 */
public final class Search {
  /** A strategy that is refused this often in a row, for lack of budget, is ended. */
  private static final int PATIENCE = 64;

  private final SearchRequest request;
  private final SearchStrategy strategy;
  private final Lanes lanes;
  private final LongSupplier nanoClock;
  private final PromptLayout layout;
  private final BudgetMeter meter;
  private final ThoughtTree tree = new ThoughtTree();
  private final Points points;
  private final Branches branches;
  private final Map<Long, OpenAsk> open = new HashMap<>();
  private final Map<Long, SearchEvent.ThoughtAdded> spare = new HashMap<>();
  private final Inbox inbox;
  private final List<SearchEvent.Sample> samples = new ArrayList<>();
  private final Map<Long, Integer> costs = new TreeMap<>();
  private @Nullable Map<Long, Integer> knownCosts;
  private @Nullable Replay replay;
  private final Computations computations;
  private final Figures figures;
  private final long began;
  private Usage spent = Usage.NONE;
  private long nextOrdinal = 1;
  private int refusals;
  private @Nullable StopReason shortOf;
  private boolean softened;
  private boolean news = true;
  private int offered;
  private boolean wasPaused;

  /** Whether the strategy was told something since thoughts were last valued. */
  private boolean valuesChanged;

  private volatile boolean cancelled;
  private volatile boolean paused;
  private volatile Optional<Thought> best = Optional.empty();
  private volatile @Nullable SearchResult result;
  private boolean finishing;
  private boolean over;

  Search(SearchRequest request, Lanes lanes, LongSupplier nanoClock) {
    this.request = request;
    this.strategy = request.strategy();
    this.lanes = lanes;
    this.nanoClock = nanoClock;
    this.began = nanoClock.getAsLong() - request.recording().nanos();
    this.figures = new Figures(lanes.decoder().stats(), nanoClock.getAsLong());
    this.inbox = new Inbox(ordered());
    this.computations = new Computations(this, lanes);
    checkMemory(request.budget());
    this.meter = new BudgetMeter(request.budget(), lanes.decoder().kvBytesPerToken());
    this.layout = request.problem().layout(lanes.decoder().codec());
    request
        .evaluator()
        .ifPresent(e -> e.check(request.problem(), layout, lanes.decoder().capabilities()));
    checkPrompt();
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
    StrategyContext context =
        new StrategyContext(
            root,
            request.evaluator().map(ThoughtEvaluator::name).orElse(""),
            request.evaluator().map(ThoughtEvaluator::joint).orElse(false),
            layout.propose(List.of(root)).isPresent(),
            request.evaluator().map(ThoughtEvaluator::proves).orElse(false),
            request.seed(),
            this::revisitCost);
    strategy.start(context);
    ThoughtTree.Entry entry = tree.add(root, null, null, Lanes.ints(layout.root()));
    this.points = new Points(this, lanes, meter, entry, this::revisitValue);
    this.branches =
        new Branches(
            this, lanes, meter, points, new Harvest(this, lanes, meter), request.seed(), ordered());
    begin(entry, context);
  }

  private void checkMemory(SearchBudget budget) {
    if (budget.kvBytes() != Long.MAX_VALUE && lanes.decoder().kvBytesPerToken() == 0) {
      throw new DeftException(
          DeftException.USAGE,
          "this model does not say how much memory its keys and values take: set no limit of them");
    }
  }

  private void checkPrompt() {
    int context = lanes.decoder().capabilities().contextLength();
    if (layout.root().size() >= context) {
      throw new ProblemTooLargeException(
          "the problem's prompt has "
              + layout.root().size()
              + " tokens, the model's context "
              + context
              + ": take a smaller problem or another model");
    }
  }

  private void begin(ThoughtTree.Entry root, StrategyContext context) {
    long reused = lanes.decoder().stats().reusedTokens();
    NodeId prompt = lanes.decoder().root(root.tokens);
    root.point = new ThoughtTree.Point(prompt, root.tokens.length, true);
    meter.holdKv(root.tokens.length);
    Recording recording = request.recording();
    if (recording.isEmpty()) {
      emit(new SearchEvent.Started(request.problem(), context));
    } else {
      try {
        replay(recording);
      } catch (RuntimeException e) {
        abandon();
        throw e;
      }
    }
    meter.spendPrefill(root.tokens.length - (lanes.decoder().stats().reusedTokens() - reused));
  }

  private void replay(Recording recording) {
    Replay fold = new Replay(this, branches, recording.events());
    replay = fold;
    fold.run();
    replay = null;
    knownCosts = null;
    recording.spare().forEach(t -> spare.put(t.thought().ordinal(), t));
    spent = meter.usage(branches.reused());
    figures.sampled = spent.decodeTokens() - spent.evaluatorTokens();
    news = true;
    emit(new SearchEvent.Resumed(recording.events().size()));
    fold.late().forEach(this::emit);
  }

  private boolean ordered() {
    return request.epoch() > 0;
  }

  // --- for the caller

  /** Ends the search at the next step; its result then has the best answer so far. Any thread. */
  public void cancel() {
    cancelled = true;
  }

  /** Lets what is at work end and begins nothing new until {@link #resume}. Any thread. */
  public void pause() {
    paused = true;
  }

  /** Goes on after {@link #pause}. Any thread. */
  public void resume() {
    paused = false;
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

  // --- for the driver

  PromptLayout layout() {
    return layout;
  }

  ThoughtTree tree() {
    return tree;
  }

  int weight() {
    return request.weight();
  }

  /** Tokens sampled so far: what a fair share is measured by. */
  long served() {
    return meter.tokensSpent();
  }

  /** Whether something is computed for it beside the decoder. */
  boolean computing() {
    return computations.running() > 0;
  }

  /** Whether it stands still because it was paused when it last looked. */
  boolean standing() {
    return wasPaused && branches.live() == 0;
  }

  /** At most so many branches may be at work from now on. */
  void quota(int most) {
    branches.quota(most);
  }

  /** Hears results, takes asks and starts branches until the search must wait for a step. */
  void prepare() {
    while (!over) {
      computations.take();
      StopReason end = end();
      if (end != null) {
        finish(end);
        return;
      }
      // Read once: another thread may change its mind in the middle of this.
      boolean pausing = paused;
      if (pausing != wasPaused) {
        wasPaused = pausing;
        emit(pausing ? new SearchEvent.Paused() : new SearchEvent.Resumed(0));
      }
      if (pausing) {
        return;
      }
      boolean mayAsk = !ordered() || open.isEmpty();
      List<Ask> asks = mayAsk ? ask() : List.of();
      branches.start();
      boolean idle = asks.isEmpty() && inbox.isEmpty() && open.isEmpty();
      if (refusals > PATIENCE || mayAsk && idle && !news && offered > 0) {
        finish(reason());
        return;
      }
      boolean more = ordered() ? open.isEmpty() && !idle : !asks.isEmpty() || !inbox.isEmpty();
      if (!more) {
        return;
      }
    }
  }

  private @Nullable StopReason end() {
    if (cancelled) {
      return StopReason.CANCELLED;
    }
    Recording recording = request.recording();
    if (recording.stopped().isPresent()) {
      return recording.stopped().get();
    }
    return meter.timeUp(elapsed()) ? StopReason.TIME_BUDGET : null;
  }

  private long elapsed() {
    return nanoClock.getAsLong() - began;
  }

  /** Tells the strategy what it does not know yet, and asks it, if there is a reason to. */
  private List<Ask> ask() {
    news |= deliver();
    Optional<StopReason> limit = softened ? Optional.empty() : meter.soft(elapsed());
    if (limit.isPresent()) {
      emit(new SearchEvent.SoftLimit(limit.get()));
      soften();
    }
    int slots = ordered() ? request.epoch() : branches.slots();
    if (!news && slots <= offered) {
      return List.of();
    }
    return ask(slots);
  }

  private List<Ask> ask(int slots) {
    offered = slots;
    costs.clear();
    List<Ask> asks = strategy.ask(slots);
    emit(new SearchEvent.Asked(slots, asks, costs));
    news = !asks.isEmpty();
    inbox.forgetOrder();
    asks.forEach(this::accept);
    return asks;
  }

  /** Folds a recorded round: all mail is delivered, and the strategy asked. */
  SearchEvent.Asked askAgain(SearchEvent.Asked recorded) {
    deliver();
    knownCosts = recorded.costs();
    List<Ask> asks = ask(recorded.slots());
    branches.admit();
    return new SearchEvent.Asked(recorded.slots(), asks, recorded.costs());
  }

  /** What the strategy does not know of yet it may want next. */
  private double revisitValue(ThoughtTree.Entry e) {
    return e.told ? strategy.revisitValue(e.thought.ordinal()) : Double.MAX_VALUE;
  }

  private int revisitCost(long thought) {
    if (ordered()) {
      return 0;
    }
    int cost =
        knownCosts != null
            ? knownCosts.getOrDefault(thought, 0)
            : tree.find(thought).map(points::cost).orElse(0);
    costs.put(thought, cost);
    return cost;
  }

  /** Tells the strategy to come to an end. */
  void soften() {
    if (!softened) {
      softened = true;
      strategy.finish();
      news = true;
    }
  }

  /** The decoder has no room: idle thoughts may lose theirs. Gives whether that may help. */
  boolean relieve() {
    figures.pressed = true;
    return points.demoteIdle(branches.busy());
  }

  /** No new branch begins before one at work has ended. */
  void narrow() {
    branches.narrow();
  }

  /** Puts the youngest branch back; false if it is the only one. */
  boolean preempt() {
    return branches.preempt();
  }

  /** Tokens whose keys and values it holds or has room reserved for. */
  long held() {
    return meter.kvHeld();
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
    List<Told> mail = inbox.take();
    mail.forEach(strategy::tell);
    if (!mail.isEmpty()) {
      valuesChanged = true;
      for (Told told : mail) {
        if (told instanceof Told.Grown g) {
          tree.find(g.thought().ordinal()).ifPresent(e -> e.told = true);
        }
      }
      Optional<Thought> now = strategy.current();
      if (!now.equals(best)) {
        best = now;
        now.ifPresent(t -> emit(new SearchEvent.Selected(t)));
      }
    }
    return !mail.isEmpty();
  }

  // --- asks

  private void accept(Ask ask) {
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
    boolean known = replay != null && replay.knows(e.id());
    for (int i = 0; i < plan.probes().size(); i++) {
      Evaluation.Probe probe = plan.probes().get(i);
      ThoughtTree.Entry at = tree.live(probe.at());
      if (probe instanceof Evaluation.Probe.Compute c) {
        if (known) {
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
    if (plan.probes().isEmpty() && !known) {
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

  @Nullable OpenAsk openAsk(long id) {
    return open.get(id);
  }

  private void prune(ThoughtTree.Entry entry, PruneReason why) {
    computations.drop(running -> running.at().within(entry));
    branches.prune(entry);
    emit(new SearchEvent.Pruned(entry.thought.ordinal(), why));
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
      emit(new SearchEvent.Closed(ask.id, ask.results, ask.why, Optional.ofNullable(ask.limit)));
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
    figures.depth = Math.max(figures.depth, entry.thought.depth());
    spent();
    List<Integer> tokens = java.util.Arrays.stream(entry.tokens).boxed().toList();
    emit(new SearchEvent.ThoughtAdded(ask.id, entry.thought, tokens, cut));
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
    emit(new SearchEvent.Scored(ask.id, ordinal, score));
    inbox.add(new Told.Scored(ask.id, ordinal, score));
  }

  /** What an earlier run made of a job, if it is the same one. */
  SearchEvent.@Nullable ThoughtAdded remembered(Job.Grow job) {
    SearchEvent.ThoughtAdded known = spare.get(job.ordinal);
    return known != null && job.makes(known.thought()) ? known : null;
  }

  // --- events

  /** Tells the listener; tokens sampled before go first. Nothing of what a trace tells. */
  void emit(SearchEvent event) {
    if (replay != null) {
      replay.hear(event);
      return;
    }
    if (finishing) {
      return;
    }
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
    if (branch < 0) {
      figures.evaluatorSampled++;
    } else {
      figures.sampled++;
    }
  }

  /** Tokens were appended to hypotheses of a beam. */
  void appended(long tokens) {
    figures.sampled += tokens;
  }

  private void spent() {
    Usage now = meter.usage(branches.reused());
    if (!finishing && !now.equals(spent)) {
      spent = now;
      emit(new SearchEvent.BudgetSpent(now));
    }
  }

  /** A step is about to be made. */
  void stepping() {
    if (figures.pressed && valuesChanged) {
      valuesChanged = false;
      points.demoteIdle(branches.busy());
    }
    DecoderStats now = lanes.decoder().stats();
    stepped(branches.live());
    figures.hold(
        nanoClock.getAsLong(),
        (meter.kvHeld() - branches.unused()) * lanes.decoder().kvBytesPerToken(),
        now.kvBytesShared());
    emit(
        new SearchEvent.Stepped(
            branches.live(),
            figures.sampled,
            Math.toIntExact(meter.nodesMade()),
            now.steps(),
            now.kvBytes(),
            now.kvBytesShared()));
  }

  /** A step was made with so many branches. */
  void stepped(int live) {
    figures.steps += live > 0 ? 1 : 0;
    figures.maxWidth = Math.max(figures.maxWidth, live);
  }

  private void finish(StopReason stopped) {
    deliver();
    strategy.current().ifPresent(t -> best = Optional.of(t));
    // What is dropped now was never told to the strategy: a trace must not say so.
    finishing = true;
    computations.drop(running -> true);
    branches.drop(job -> true);
    abandon();
    finishing = false;
    spent();
    SearchResult done =
        figures.result(
            request.problem(),
            tree,
            best,
            stopped,
            meter.usage(branches.reused()),
            lanes.decoder().stats(),
            elapsed());
    result = done;
    emit(new SearchEvent.Finished(done));
  }

  /** Frees the search's tree. */
  void abandon() {
    if (!over) {
      over = true;
      computations.abandon();
      branches.release(tree.live(Thought.ROOT));
    }
  }
}

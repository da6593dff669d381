package org.deft4j.search.driver;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.ThoughtState;
import org.deft4j.search.budget.BudgetMeter;
import org.deft4j.search.budget.SearchBudget;
import org.deft4j.search.evaluate.ThoughtEvaluator;
import org.deft4j.search.event.SearchEvent;
import org.deft4j.search.spi.ProblemTooLargeException;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.strategy.Ask;
import org.deft4j.search.strategy.SearchStrategy;
import org.deft4j.search.strategy.StrategyContext;
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
  private final Asks asks;
  private final Inbox inbox;
  private final Map<Long, Integer> costs = new TreeMap<>();
  private @Nullable Map<Long, Integer> knownCosts;
  private final Computations computations;
  private final Figures figures;
  private final Journal journal;
  private final long began;
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
  private volatile @Nullable DeftException cause;
  private boolean over;

  /**
   * Begins a search.
   *
   * @param relieve lets other searches' idle thoughts be evicted; gives whether that may help
   */
  Search(SearchRequest request, Lanes lanes, LongSupplier nanoClock, BooleanSupplier relieve) {
    this.request = request;
    this.strategy = request.strategy();
    this.lanes = lanes;
    this.nanoClock = nanoClock;
    this.began = nanoClock.getAsLong() - request.recording().nanos();
    this.figures = new Figures(lanes.decoder().stats(), nanoClock.getAsLong());
    this.journal = new Journal(request.listener(), figures);
    this.inbox = new Inbox(ordered());
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
    this.points = new Points(journal, tree, lanes, meter, entry, this::revisitValue);
    this.asks = new Asks(request, layout, lanes, tree, points, meter, journal, inbox);
    this.branches = asks.branches();
    this.computations = asks.computations();
    begin(entry, context, relieve);
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

  private void begin(ThoughtTree.Entry root, StrategyContext context, BooleanSupplier relieve) {
    long reused = lanes.decoder().stats().reusedTokens();
    NodeId prompt;
    try {
      prompt = lanes.decoder().root(root.tokens);
    } catch (DeftException e) {
      if (e.exitCode() != DeftException.OUT_OF_MEMORY || !relieve.getAsBoolean()) {
        throw e;
      }
      prompt = lanes.decoder().root(root.tokens);
    }
    root.point = new ThoughtTree.Point(prompt, root.tokens.length, true);
    meter.holdKv(root.tokens.length);
    Recording recording = request.recording();
    if (recording.isEmpty()) {
      journal.emit(new SearchEvent.Started(request.problem(), context));
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
    Replay fold = new Replay(this, asks, branches, journal, recording.events());
    asks.known(fold::knows);
    journal.tell(fold::hear);
    fold.run();
    journal.tell(null);
    asks.known(_ -> false);
    knownCosts = null;
    asks.spare(recording.spare());
    journal.restore(meter.usage(branches.reused()));
    news = true;
    journal.emit(new SearchEvent.Resumed(recording.events().size()));
    fold.late().forEach(journal::emit);
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

  /**
   * What the decoder said when it had no room, of a search that ended with {@link
   * StopReason#MEMORY}. Any thread.
   */
  public Optional<DeftException> cause() {
    return Optional.ofNullable(cause);
  }

  // --- for the driver

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
        journal.emit(pausing ? new SearchEvent.Paused() : new SearchEvent.Resumed(0));
      }
      if (pausing) {
        return;
      }
      boolean mayAsk = !ordered() || asks.isEmpty();
      List<Ask> fresh = mayAsk ? ask() : List.of();
      branches.start();
      boolean idle = fresh.isEmpty() && inbox.isEmpty() && asks.isEmpty();
      if (asks.refusals() > PATIENCE || mayAsk && idle && !news && offered > 0) {
        finish(reason());
        return;
      }
      boolean more = ordered() ? asks.isEmpty() && !idle : !fresh.isEmpty() || !inbox.isEmpty();
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
      journal.emit(new SearchEvent.SoftLimit(limit.get()));
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
    List<Ask> fresh = strategy.ask(slots);
    journal.emit(new SearchEvent.Asked(slots, fresh, costs));
    news = !fresh.isEmpty();
    inbox.forgetOrder();
    fresh.forEach(asks::accept);
    return fresh;
  }

  /** Folds a recorded round: all mail is delivered, and the strategy asked. */
  SearchEvent.Asked askAgain(SearchEvent.Asked recorded) {
    deliver();
    knownCosts = recorded.costs();
    List<Ask> again = ask(recorded.slots());
    branches.admit();
    return new SearchEvent.Asked(recorded.slots(), again, recorded.costs());
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

  /** Puts the youngest branch back, as a step failed, whole or not; false if it is the only one. */
  boolean preempt(boolean whole) {
    return branches.preempt(whole);
  }

  /** Puts branches back that found no room when they went on; how often that has been. */
  int putBackBroken() {
    return branches.putBackBroken();
  }

  /** Tokens whose keys and values it holds or has room reserved for. */
  long held() {
    return meter.kvHeld();
  }

  /** The decoder has no room for what the search's branches need. */
  void outOfMemory(DeftException e) {
    cause = e;
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
    StopReason met = asks.shortOf();
    return met == null ? StopReason.FINISHED : met;
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
        now.ifPresent(t -> journal.emit(new SearchEvent.Selected(t)));
      }
    }
    return !mail.isEmpty();
  }

  /** A step is about to be made. */
  void stepping() {
    if (figures.pressed && valuesChanged) {
      valuesChanged = false;
      points.demoteIdle(branches.busy());
    }
    DecoderStats now = lanes.decoder().stats();
    figures.hold(
        nanoClock.getAsLong(),
        (meter.kvHeld() - branches.unused()) * lanes.decoder().kvBytesPerToken(),
        now.kvBytesShared());
    journal.stepping(branches.live(), meter, now);
  }

  private void finish(StopReason stopped) {
    deliver();
    strategy.current().ifPresent(t -> best = Optional.of(t));
    // What is dropped now was never told to the strategy: a trace must not say so.
    journal.silent(true);
    computations.drop(running -> true);
    branches.drop(job -> true);
    abandon();
    journal.silent(false);
    journal.spent(meter.usage(branches.reused()));
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
    journal.emit(new SearchEvent.Finished(done));
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

package org.deft4j.search.evaluate;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.deft4j.search.Score;
import org.deft4j.search.Thought;
import org.deft4j.search.evaluate.Evaluation.Probe;
import org.deft4j.search.evaluate.Evaluation.Reading;
import org.deft4j.search.spi.Problem;
import org.deft4j.search.spi.PromptLayout;
import org.deft4j.search.spi.Question;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.NodeId;
import org.deft4j.tree.decode.TokenCodec;
import org.deft4j.tree.decode.TreeDecoder;
import org.jspecify.annotations.Nullable;

/**
 * Scores steps by a second model, a process reward model. Its keys and values mirror the search's
 * tree: a step is computed once, below the steps before it, and the question about it on a fork
 * that is dropped; nothing is read again as a path grows.
 *
 * <p>Whoever waits for a score drives the second decoder, for all that wait: steps of many thoughts
 * run in one batch. The mirror keeps a number of steps, the latest used; one that was dropped is
 * computed again when its path comes back. Where the second decoder has no room, the mirror is
 * given up and begun anew; where that is not enough, the score fails with the decoder's error. Safe
 * for many threads; {@link #close} frees the mirror, the decoder is its owner's.
 */
public final class RewardModel implements ThoughtEvaluator, AutoCloseable {
  /** Its name. */
  public static final String NAME = "reward-model";

  private final TreeDecoder decoder;
  private final Format format;
  private final int capacity;
  private final Duration limit;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition stepped = lock.newCondition();
  private final LinkedHashMap<Key, Mirror> mirrors = new LinkedHashMap<>(16, 0.75f, true);
  private final Map<NodeId, Runnable> waiting = new HashMap<>();
  private final Map<NodeId, CompletableFuture<Float>> asked = new HashMap<>();
  private final Set<CompletableFuture<Float>> pending = new LinkedHashSet<>();
  private boolean driving;

  /** How a reward model reads a problem and its steps. */
  public interface Format {
    /** The problem, with the begin-of-sequence token if the model wants one. */
    int[] problem(Problem problem, TokenCodec codec);

    /** One step, without what asks for its score. At least one token. */
    int[] step(Thought step, TokenCodec codec);

    /** What asks for the score of the last step; its answers are good, then bad. */
    Question question(TokenCodec codec);
  }

  /** A prefix of the second tree: a problem and steps. */
  private record Key(String task, String problem, List<String> steps) {}

  /** A computed prefix. */
  private static final class Mirror {
    final NodeId node;
    final @Nullable Mirror parent;
    int children;
    int users;
    boolean ready;

    Mirror(NodeId node, @Nullable Mirror parent) {
      this.node = node;
      this.parent = parent;
    }
  }

  /**
   * A reward model.
   *
   * @param decoder the second model, driven by this evaluator alone
   * @param format how it reads
   * @param capacity most steps that the mirror keeps, at least 1
   * @param limit longest time for one score, then it is 0
   */
  public RewardModel(TreeDecoder decoder, Format format, int capacity, Duration limit) {
    if (capacity < 1) {
      throw new IllegalArgumentException("capacity must be at least 1, was " + capacity);
    }
    this.decoder = decoder;
    this.format = format;
    this.capacity = capacity;
    this.limit = limit;
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public boolean oracle() {
    return false;
  }

  @Override
  public Evaluation plan(Problem problem, PromptLayout layout, List<List<Thought>> paths) {
    List<Probe> probes =
        paths.stream()
            .<Probe>map(path ->
                new Probe.Compute(
                    path.getLast().ordinal(),
                    () -> new Reading(List.of(score(problem, List.copyOf(path))), ""),
                    limit))
            .toList();
    return new Evaluation(
        probes,
        readings ->
            readings.stream()
                .map(r -> r.logProbs().isEmpty() ? 0 : (double) r.logProbs().getFirst())
                .map(p -> new Score(Math.min(1, Math.max(0, p)), false, NAME))
                .toList());
  }

  private float score(Problem problem, List<Thought> path) throws InterruptedException {
    lock.lockInterruptibly();
    try {
      try {
        return attempt(problem, path);
      } catch (DeftException e) {
        // The mirror was given up for lack of room, maybe for what another one asked: once more.
        return attempt(problem, path);
      }
    } finally {
      lock.unlock();
    }
  }

  private float attempt(Problem problem, List<Thought> path) throws InterruptedException {
    CompletableFuture<Float> result = new CompletableFuture<>();
    Mirror mirror = null;
    pending.add(result);
    try {
      try {
        mirror = mirror(problem, path);
        mirror.users++;
        ask(mirror, result);
      } catch (DeftException e) {
        giveUp(e);
      }
      drive(result);
      return result.get();
    } catch (ExecutionException e) {
      throw e.getCause() instanceof DeftException d ? d : new IllegalStateException(e.getCause());
    } finally {
      pending.remove(result);
      if (mirror != null) {
        mirror.users--;
        evict();
      }
    }
  }

  /** Frees the whole mirror and tells all that wait. */
  private void giveUp(DeftException why) {
    clear();
    waiting.clear();
    asked.clear();
    later.clear();
    List.copyOf(pending).forEach(p -> p.completeExceptionally(why));
    stepped.signalAll();
  }

  /** The prefix of a path; what is missing of it is queued. */
  private Mirror mirror(Problem problem, List<Thought> path) {
    List<String> steps = new ArrayList<>();
    Mirror at = null;
    for (Thought t : path) {
      if (!t.isRoot()) {
        steps.add(t.text());
      }
      Key key = new Key(problem.task(), problem.text(), List.copyOf(steps));
      Mirror known = mirrors.get(key);
      if (known == null) {
        known = at == null ? root(problem) : step(at, t);
        mirrors.put(key, known);
      }
      at = known;
    }
    if (at == null) {
      throw new IllegalArgumentException("a path has at least the root");
    }
    return at;
  }

  private Mirror root(Problem problem) {
    Mirror root = new Mirror(decoder.root(format.problem(problem, decoder.codec())), null);
    root.ready = true;
    return root;
  }

  private Mirror step(Mirror above, Thought t) {
    above.children++;
    NodeId leaf = decoder.fork(above.node, 1).getFirst();
    Mirror made = new Mirror(leaf, above);
    whenReady(
        above,
        () -> {
          decoder.extend(leaf, format.step(t, decoder.codec()), false);
          waiting.put(
              leaf,
              () -> {
                decoder.seal(leaf);
                made.ready = true;
                awake(made);
              });
        });
    return made;
  }

  private final Map<NodeId, Deque<Runnable>> later = new HashMap<>();

  private void whenReady(Mirror mirror, Runnable then) {
    if (mirror.ready) {
      then.run();
    } else {
      later.computeIfAbsent(mirror.node, n -> new ArrayDeque<>()).add(then);
    }
  }

  private void awake(Mirror mirror) {
    Deque<Runnable> all = later.remove(mirror.node);
    if (all != null) {
      all.forEach(Runnable::run);
    }
  }

  private void ask(Mirror mirror, CompletableFuture<Float> result) {
    Question question = format.question(decoder.codec());
    int[] prompt = question.prompt().stream().mapToInt(Integer::intValue).toArray();
    int[] answers = question.answers().stream().mapToInt(Integer::intValue).toArray();
    whenReady(
        mirror,
        () -> {
          NodeId leaf = decoder.fork(mirror.node, 1).getFirst();
          Runnable choose =
              () -> {
                decoder.choices(leaf, answers);
                asked.put(leaf, result);
              };
          if (prompt.length == 0) {
            choose.run();
          } else {
            decoder.extend(leaf, prompt, false);
            waiting.put(leaf, choose);
          }
        });
  }

  /** Steps the decoder until this is known, or lets another one that waits do it. */
  private void drive(CompletableFuture<Float> result) throws InterruptedException {
    while (!result.isDone()) {
      if (driving) {
        stepped.await();
        continue;
      }
      driving = true;
      try {
        List<DecodeEvent> events = new ArrayList<>();
        try {
          decoder.step(events::add);
          events.forEach(this::hear);
        } catch (DeftException e) {
          giveUp(e);
        }
        // Others may queue what they want before the next step.
        lock.unlock();
        Thread.yield();
        lock.lock();
      } finally {
        driving = false;
        stepped.signalAll();
      }
    }
  }

  private void hear(DecodeEvent event) {
    switch (event) {
      case DecodeEvent.Extended e -> {
        Runnable then = waiting.remove(e.node());
        if (then != null) {
          then.run();
        }
      }
      case DecodeEvent.Chosen c -> {
        CompletableFuture<Float> result = asked.remove(c.node());
        decoder.release(c.node());
        if (result != null) {
          double p = 1 / (1 + Math.exp(c.logProbs()[1] - c.logProbs()[0]));
          result.complete(Double.isNaN(p) ? 0.5f : (float) p);
        }
      }
      default -> throw new IllegalStateException("unexpected " + event);
    }
  }

  /** Drops the steps used longest ago, from the leaves up. */
  private void evict() {
    for (Iterator<Mirror> all = mirrors.values().iterator();
        mirrors.size() > capacity && all.hasNext(); ) {
      Mirror m = all.next();
      if (m.children == 0 && m.users == 0 && m.ready) {
        all.remove();
        decoder.release(m.node);
        if (m.parent != null) {
          m.parent.children--;
        }
      }
    }
  }

  /** How many prefixes the mirror holds. */
  public int size() {
    lock.lock();
    try {
      return mirrors.size();
    } finally {
      lock.unlock();
    }
  }

  /** Frees the mirror; nobody waits for a score. */
  @Override
  public void close() {
    lock.lock();
    try {
      clear();
    } finally {
      lock.unlock();
    }
  }

  private void clear() {
    mirrors.values().stream().filter(m -> m.parent == null).forEach(m -> decoder.release(m.node));
    mirrors.clear();
  }
}

package org.deft4j.search.driver;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.deft4j.tree.constrain.MaskCache;
import org.deft4j.tree.decode.DecodeEvent;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.NodeId;
import org.deft4j.tree.decode.TreeDecoder;

/** The decoder's branches at work, and who waits for each. Shared by all searches of a driver. */
final class Lanes {
  private final TreeDecoder decoder;
  private final int width;
  private final Semaphore news = new Semaphore(0);
  private final MaskCache masks;
  private final Map<NodeId, Waiter> waiters = new HashMap<>();
  private boolean told;

  Lanes(TreeDecoder decoder, int width) {
    this.decoder = decoder;
    this.width = width;
    this.masks = new MaskCache(decoder.codec());
  }

  /** Most branches at work at once. */
  int width() {
    return Math.min(width, decoder.capabilities().maxLeaves());
  }

  /** Hears of one request. */
  interface Waiter {
    /** A token was sampled. */
    default void sampled(int token, float logProb) {}

    /** The request was answered; its node is idle. */
    void answered(DecodeEvent event);
  }

  TreeDecoder decoder() {
    return decoder;
  }

  /** How many more branches may be at work. */
  int free() {
    return Math.max(0, width() - waiters.size());
  }

  NodeId fork(NodeId node) {
    return decoder.fork(node, 1).getFirst();
  }

  void extend(NodeId leaf, int[] tokens, Waiter waiter) {
    decoder.extend(leaf, tokens, false);
    waiters.put(leaf, waiter);
  }

  void decode(NodeId leaf, DecodeSpec spec, Waiter waiter) {
    decoder.decode(leaf, spec);
    waiters.put(leaf, waiter);
  }

  void choices(NodeId leaf, List<Integer> tokens, Waiter waiter) {
    choices(leaf, ints(tokens), waiter);
  }

  void choices(NodeId leaf, int[] tokens, Waiter waiter) {
    decoder.choices(leaf, tokens);
    waiters.put(leaf, waiter);
  }

  /** Stops waiting for a node that is about to be released with its tree. */
  void forget(NodeId node) {
    waiters.remove(node);
  }

  /** The grammars of what the decoder is not asked to sample. */
  MaskCache masks() {
    return masks;
  }

  /** Something that is not a branch has come to an end. Any thread. */
  void wake() {
    news.release();
  }

  /** Waits for {@link #wake}, at most this long. */
  void await(long millis) {
    try {
      if (news.tryAcquire(millis, TimeUnit.MILLISECONDS)) {
        news.drainPermits();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new org.deft4j.tree.DeftException(
          org.deft4j.tree.DeftException.RUNTIME, "interrupted while an evaluator was at work", e);
    }
  }

  /** Whether no branch is at work. */
  boolean idle() {
    return waiters.isEmpty();
  }

  /** Frees a node below which nothing else is at work. */
  void release(NodeId node) {
    waiters.remove(node);
    decoder.release(node);
  }

  /**
   * One step of the decoder. All tokens are booked before any answer is heard: an answer may
   * release branches that took part in the same step.
   */
  void step() {
    List<DecodeEvent> events = new ArrayList<>();
    try {
      decoder.step(events::add);
    } finally {
      // A step that found no room for some branches has told what came of the others.
      told = !events.isEmpty();
      hear(events);
    }
  }

  /** Whether anything came of the last step, be it that it threw. */
  boolean told() {
    return told;
  }

  /** Tells all of them: whoever waits for one that is not told waits for ever. */
  private void hear(List<DecodeEvent> events) {
    RuntimeException first = null;
    for (DecodeEvent event : events) {
      Waiter waiter = waiters.get(event.node());
      if (waiter != null && event instanceof DecodeEvent.Sampled s) {
        waiter.sampled(s.token(), s.logProb());
      }
    }
    for (DecodeEvent event : events) {
      if (event instanceof DecodeEvent.Sampled) {
        continue;
      }
      Waiter waiter = waiters.remove(event.node());
      if (waiter == null) {
        continue;
      }
      try {
        waiter.answered(event);
      } catch (RuntimeException e) {
        if (first == null) {
          first = e;
        } else if (e != first) {
          first.addSuppressed(e);
        }
      }
    }
    if (first != null) {
      throw first;
    }
  }

  static int[] ints(List<Integer> tokens) {
    return tokens.stream().mapToInt(Integer::intValue).toArray();
  }
}

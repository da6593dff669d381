package org.deft4j.engine;

import java.util.LinkedHashSet;
import java.util.Set;
import org.deft4j.tree.decode.NodeId;
import org.jspecify.annotations.Nullable;

/**
 * A node of the decode contract over the forest: positions {@code [base, base + length)} of a path
 * whose last segment is {@code segment}. The forest may split segments; the last keeps its id, so
 * this view stays right.
 */
final class Node {
  final NodeId id;
  final @Nullable Node parent;
  final int base;
  final Set<Node> children = new LinkedHashSet<>();
  int segment;
  int length;
  EndPoint end;
  boolean sealed;
  boolean cancelled;

  /** Whether everything above the last segment is known to be computed, while busy. */
  boolean ready;

  /** Its next token is drawn, or being drawn, and not read yet. */
  boolean waits;

  /** Evicted tokens of its path are to be computed again although nothing was asked. */
  boolean refill;

  /** Whether this step computes the last of them. */
  boolean refilled;

  /** Whether it stands in the engine's list of busy nodes. */
  boolean listed;

  @Nullable Request request;

  Node(NodeId id, @Nullable Node parent, int base, int segment, EndPoint end) {
    this.id = id;
    this.parent = parent;
    this.base = base;
    this.segment = segment;
    this.end = end;
  }

  /** Whether steps have something to do for it. */
  boolean busy() {
    return request != null || refill;
  }

  int pathLength() {
    return base + length;
  }

  /** The end moved on: nobody knows the logits there yet. */
  void grown(int tokens) {
    length += tokens;
    end = new EndPoint();
  }
}

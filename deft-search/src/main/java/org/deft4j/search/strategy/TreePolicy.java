package org.deft4j.search.strategy;

import org.deft4j.search.Thought;

/**
 * Where a simulation goes and what it teaches. All nodes are of one {@link FlatTree}. A simulation
 * is in flight, and counted on every node of its path, from its selection until it is settled or
 * abandoned.
 */
interface TreePolicy {
  /** Nothing can be selected before something comes back. */
  int NONE = -1;

  /** Selects the node that the next simulation continues, and puts it in flight. */
  int select();

  /** A new child came of it; it is in flight too. */
  void grown(int node, Thought thought);

  /** A sample was equal to this child, which is in flight for it. */
  void joined(int node);

  /** The simulation through this child ends with a value in 0..1. */
  void settle(int node, double value);

  /** The simulation that continued a node ends without a child. */
  void abandon(int node);

  /** The simulation through this child ends without a value. */
  void drop(int node);

  /** How much a node is worth coming back to; comparable within one search. */
  double revisit(int node);
}

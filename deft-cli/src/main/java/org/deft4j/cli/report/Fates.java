package org.deft4j.cli.report;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.deft4j.cli.report.SearchLog.Node;
import org.deft4j.search.strategy.PruneReason;

/**
 * Says in words why thoughts were pruned: the strategy's reason, and what it compares with among
 * those of its depth that were kept at that time.
 */
final class Fates {
  private final Map<Long, Node> nodes;
  private final List<Node> together = new ArrayList<>();

  Fates(Map<Long, Node> nodes) {
    this.nodes = nodes;
  }

  void pruned(long thought, PruneReason why) {
    Node node = nodes.get(thought);
    if (node != null && !node.pruned) {
      node.pruned = true;
      node.reason = why;
      together.add(node);
    }
  }

  /** Says why for those that were pruned since the last time. */
  void settle() {
    if (together.isEmpty()) {
      return;
    }
    Kept kept = new Kept(nodes.values());
    for (Node node : together) {
      node.why = why(node, kept);
    }
    together.clear();
    // Children come after their parents.
    for (Node node : nodes.values()) {
      Node parent = nodes.get(node.parent);
      if (parent != null && parent.pruned && !node.pruned) {
        node.pruned = true;
        if (node.why == null) {
          node.why = "#" + parent.ordinal + " above it was pruned";
        }
      }
    }
  }

  private static String why(Node node, Kept kept) {
    if (node.why != null) {
      return node.why;
    }
    return switch (node.reason) {
      case OUTRANKED -> outranked(node, kept);
      case REPEATED -> repeated(node, kept);
      case ENDED ->
          node.state == SearchLog.State.ANSWER
              ? "an answer, nothing comes after it; it stays a candidate"
              : "nothing comes after it";
      case BELOW_THRESHOLD ->
          String.format(Locale.ROOT, "score %.3f is below the threshold", node.score);
      case EXPLORED -> "all that was to be tried below it has been tried";
      case LOOKED_AHEAD -> "grown to judge #" + node.parent + ", which is done";
      case UNNEEDED -> "nothing that is still to be done takes it";
    };
  }

  private static String repeated(Node node, Kept kept) {
    Node same = kept.saying.get(new Said(node.says, node.state));
    return same == null
        ? "says what another thought said"
        : "says the same as #" + same.ordinal + ", which was kept";
  }

  private static String outranked(Node node, Kept kept) {
    if (Double.isNaN(node.score)) {
      return "others of its depth were kept; it had no score";
    }
    Node least = kept.least.get(node.depth);
    if (least != null && least.score >= node.score) {
      return String.format(
          Locale.ROOT,
          "score %.3f; the least of those kept at its depth, #%d, has %.3f",
          node.score,
          least.ordinal,
          least.score);
    }
    return String.format(Locale.ROOT, "not among those kept, with score %.3f", node.score);
  }

  private record Said(String says, SearchLog.State state) {}

  /** What reasons compare with among those that were kept, found in one pass. */
  private static final class Kept {
    /** By depth, the first of those with the least score. */
    final Map<Integer, Node> least = new HashMap<>();

    /** The first that says something. */
    final Map<Said, Node> saying = new HashMap<>();

    Kept(Collection<Node> nodes) {
      for (Node n : nodes) {
        if (n.pruned) {
          continue;
        }
        saying.putIfAbsent(new Said(n.says, n.state), n);
        if (n.state != SearchLog.State.DEAD && !Double.isNaN(n.score)) {
          least.merge(n.depth, n, (a, b) -> b.score < a.score ? b : a);
        }
      }
    }
  }
}

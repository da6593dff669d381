package org.deft4j.cli.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
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
    for (Node node : together) {
      node.why = why(node);
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

  private String why(Node node) {
    if (node.why != null) {
      return node.why;
    }
    return switch (node.reason) {
      case OUTRANKED -> outranked(node);
      case REPEATED -> repeated(node);
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

  private String repeated(Node node) {
    return nodes.values().stream()
        .filter(n -> n != node && !n.pruned && n.says.equals(node.says) && n.state == node.state)
        .findFirst()
        .map(n -> "says the same as #" + n.ordinal + ", which was kept")
        .orElse("says what another thought said");
  }

  private String outranked(Node node) {
    if (Double.isNaN(node.score)) {
      return "others of its depth were kept; it had no score";
    }
    List<Node> kept =
        nodes.values().stream()
            .filter(n -> n.depth == node.depth && !n.pruned && n.state != SearchLog.State.DEAD)
            .toList();
    Optional<Node> least =
        kept.stream()
            .filter(n -> !Double.isNaN(n.score))
            .min(Comparator.comparingDouble(n -> n.score));
    if (least.isPresent() && least.get().score >= node.score) {
      return String.format(
          Locale.ROOT,
          "score %.3f; the least of those kept at its depth, #%d, has %.3f",
          node.score,
          least.get().ordinal,
          least.get().score);
    }
    return String.format(Locale.ROOT, "not among those kept, with score %.3f", node.score);
  }
}

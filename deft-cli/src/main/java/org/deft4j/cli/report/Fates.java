package org.deft4j.cli.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.deft4j.cli.report.SearchLog.Node;

/**
 * Finds out why thoughts were pruned. A strategy does not say why; but those that it let go at one
 * time can be compared with those of their depth that it kept.
 */
final class Fates {
  private final Map<Long, Node> nodes;
  private final List<Node> together = new ArrayList<>();

  Fates(Map<Long, Node> nodes) {
    this.nodes = nodes;
  }

  void pruned(long thought) {
    Node node = nodes.get(thought);
    if (node != null && !node.pruned) {
      node.pruned = true;
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
    List<Node> kept =
        nodes.values().stream()
            .filter(n -> n.depth == node.depth && !n.pruned && n.state != SearchLog.State.DEAD)
            .toList();
    Optional<Node> same =
        kept.stream().filter(n -> n.says.equals(node.says) && n.state == node.state).findFirst();
    if (same.isPresent()) {
      return "says the same as #" + same.get().ordinal + ", which was kept";
    }
    if (Double.isNaN(node.score)) {
      return "let go before it was scored";
    }
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
    return kept.isEmpty()
        ? "nothing of its depth was kept"
        : String.format(Locale.ROOT, "not among those kept, with score %.3f", node.score);
  }
}

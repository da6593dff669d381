package org.deft4j.tree.replay;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A recorded tree: which node decoded in which steps.
 *
 * <p>Node 0 is the prompt. A node of value v decodes one token in each of the steps start..end, end
 * - start + 1 = v; its children start in the step after its end, and a node without children is
 * pruned at its end. A node of value 0 decodes nothing.
 */
public final class TreeTemplate {
  /**
   * One node.
   *
   * @param value tokens: of the prompt for node 0, else decoded ones
   * @param start first step in which it decodes; for the prompt 1 - value
   * @param end last step in which it decodes; 0 for the prompt, start - 1 for a node of value 0
   * @param children indices of the nodes below, in order
   */
  public record Node(int value, int start, int end, List<Integer> children) {
    /** Copies the children. */
    public Node {
      children = List.copyOf(children);
    }
  }

  private final List<Node> nodes;
  private final int steps;
  private final int depth;
  private final int maxWidth;
  private final int longestPath;
  private final long tokens;

  /**
   * A tree from its nodes; {@code nodes.get(i)} has index i and each but node 0 is the child of one
   * node before or after it.
   *
   * @throws IllegalArgumentException if the nodes are no such tree; an incomplete record is none
   */
  public TreeTemplate(List<Node> nodes) {
    this.nodes = List.copyOf(nodes);
    int n = this.nodes.size();
    if (n == 0 || this.nodes.getFirst().end() != 0 || this.nodes.getFirst().value() < 1) {
      throw new IllegalArgumentException("node 0 must be a prompt that ends at step 0");
    }
    int[] level = new int[n];
    int[] path = new int[n];
    Arrays.fill(level, -1);
    level[0] = 0;
    path[0] = this.nodes.getFirst().value();
    int[] queue = new int[n];
    int reached = 1;
    long sum = 0;
    for (int q = 0; q < reached; q++) {
      int i = queue[q];
      Node node = this.nodes.get(i);
      if (node.value() != (long) node.end() - node.start() + 1) {
        throw new IllegalArgumentException("node " + i + " has a value unlike its steps: " + node);
      }
      sum += node.value();
      for (int c : node.children()) {
        if (c < 0 || c >= n || level[c] >= 0) {
          throw new IllegalArgumentException("node " + i + " has a bad child " + c);
        }
        if (this.nodes.get(c).start() != node.end() + 1 || this.nodes.get(c).value() < 0) {
          throw new IllegalArgumentException("node " + c + " does not follow node " + i);
        }
        level[c] = level[i] + 1;
        path[c] = Math.addExact(path[i], this.nodes.get(c).value());
        queue[reached++] = c;
      }
    }
    if (reached < n) {
      throw new IllegalArgumentException((n - reached) + " nodes hang below nothing");
    }
    tokens = sum;
    depth = Arrays.stream(level).max().orElse(0);
    longestPath = Arrays.stream(path).max().orElse(0);
    steps = this.nodes.stream().mapToInt(Node::end).max().orElse(0);
    maxWidth = widest();
  }

  /** This tree with a prompt of another length, as in sweeps over prompt lengths. */
  public TreeTemplate withPrompt(int promptTokens) {
    List<Node> changed = new ArrayList<>(nodes);
    changed.set(0, new Node(promptTokens, 1 - promptTokens, 0, nodes.getFirst().children()));
    return new TreeTemplate(changed);
  }

  /** The nodes by index. */
  public List<Node> nodes() {
    return nodes;
  }

  /** Tokens of the prompt. */
  public int promptTokens() {
    return nodes.getFirst().value();
  }

  /** Tokens of all nodes, with the prompt. */
  public long tokens() {
    return tokens;
  }

  /** The last step; the first is 1. */
  public int steps() {
    return steps;
  }

  /** Edges from the prompt to the deepest node. */
  public int depth() {
    return depth;
  }

  /** Nodes without children. */
  public int leaves() {
    return (int) nodes.stream().filter(node -> node.children().isEmpty()).count();
  }

  /** Most nodes that decode in one step. */
  public int maxWidth() {
    return maxWidth;
  }

  /** Tokens of the longest path. */
  public int longestPath() {
    return longestPath;
  }

  private int widest() {
    int[] change = new int[steps + 2];
    for (Node node : nodes.subList(1, nodes.size())) {
      if (node.value() > 0) {
        change[node.start()]++;
        change[node.end() + 1]--;
      }
    }
    int now = 0;
    int most = 0;
    for (int c : change) {
      now += c;
      most = Math.max(most, now);
    }
    return most;
  }
}

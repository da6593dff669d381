package org.deft4j.engine;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.deft4j.tree.Forest;
import org.deft4j.tree.decode.NodeId;

/**
 * The nodes of the decode contract and where they stand in the forest: each has a segment there
 * until it is released, and ids are given in ascending order, never twice.
 */
final class NodeTree {
  private final Forest forest;
  private final Map<NodeId, Node> nodes = new HashMap<>();
  private long nextId;
  private long reused;

  NodeTree(Forest forest) {
    this.forest = forest;
  }

  /** The node of an id; throws if there is none. */
  Node node(NodeId id) {
    Node node = nodes.get(id);
    if (node == null) {
      throw new IllegalArgumentException("no " + id);
    }
    return node;
  }

  boolean contains(NodeId id) {
    return nodes.containsKey(id);
  }

  /** Tokens of prompts that the forest had before. */
  long reused() {
    return reused;
  }

  /** A new node for a prompt; what another has computed of it is shared. */
  NodeId root(int[] prompt) {
    int known = forest.match(prompt);
    int segment = forest.root(prompt);
    reused += known;
    Node node = new Node(new NodeId(nextId++), null, 0, segment, new EndPoint());
    node.length = prompt.length;
    nodes.put(node.id, node);
    return node.id;
  }

  /** Nodes that begin behind the first so many tokens of one. */
  List<NodeId> fork(Node node, int atToken, int n) {
    int least = node.parent == null ? 1 : 0;
    if (atToken < least || atToken > node.length || n < 1) {
      throw new IllegalArgumentException(
          "cannot fork "
              + node.id
              + " of "
              + node.length
              + " tokens at "
              + atToken
              + ", "
              + n
              + " times");
    }
    int at = forest.at(node.segment, node.base + atToken);
    EndPoint end = atToken == node.length ? node.end : new EndPoint();
    end.shared = true;
    List<NodeId> ids = new ArrayList<>(n);
    for (int i = 0; i < n; i++) {
      Node child = new Node(new NodeId(nextId++), node, node.base + atToken, forest.child(at), end);
      node.children.add(child);
      nodes.put(child.id, child);
      ids.add(child.id);
    }
    return ids;
  }

  /** Drops a node and all below it, and what was asked of them. */
  void release(Node top) {
    if (top.parent != null) {
      top.parent.children.remove(top);
    }
    for (Node n : subtree(top)) {
      nodes.remove(n.id);
      n.request = null;
      n.refill = false;
      forest.release(n.segment);
    }
  }

  /** A node and all below it, parents first. */
  private static List<Node> subtree(Node top) {
    List<Node> all = new ArrayList<>();
    ArrayDeque<Node> stack = new ArrayDeque<>();
    stack.push(top);
    while (!stack.isEmpty()) {
      Node n = stack.pop();
      all.add(n);
      n.children.forEach(stack::push);
    }
    return all;
  }

  /** Lets the keys and values of a node and of all below it be evicted; none may be busy. */
  void demote(Node top, double priority) {
    List<Node> all = subtree(top);
    for (Node n : all) {
      if (n.busy()) {
        throw new IllegalStateException("cannot demote " + top.id + ": " + n.id + " is busy");
      }
    }
    for (Node n : all) {
      forest.demote(n.segment, priority);
    }
  }

  /** Forgets all nodes; the forest is left as it is. */
  void clear() {
    nodes.clear();
  }
}

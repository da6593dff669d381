package org.deft4j.tree.constrain;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Rules as networks of nodes: an edge takes a byte of a range, takes nothing, or calls a rule and
 * goes on at another node when that has ended (a recursive transition network).
 */
final class Network {
  /** More than any hand-written grammar needs; a repetition of thousands is the usual way here. */
  private static final int MOST_NODES = 1 << 20;

  /** A place in a rule. */
  static final class Node {
    final int id;
    final List<int[]> bytes = new ArrayList<>();
    final List<Node> targets = new ArrayList<>();
    final List<Node> free = new ArrayList<>();
    final List<Call> calls = new ArrayList<>();
    boolean end;

    Node(int id) {
      this.id = id;
    }

    /** Whether nothing but the end of the rule can follow. */
    boolean onlyEnds() {
      return end && targets.isEmpty() && free.isEmpty() && calls.isEmpty();
    }
  }

  /**
   * A call of a rule.
   *
   * @param rule its name
   * @param then where to go on
   */
  record Call(String rule, Node then) {}

  private final Map<String, Node> starts = new HashMap<>();
  private int nodes;

  private Network() {}

  static Network of(Map<String, Expr> rules, String root) {
    if (!rules.containsKey(root)) {
      throw new IllegalArgumentException("grammar: there is no rule '" + root + "'");
    }
    Network n = new Network();
    rules.keySet().forEach(name -> n.starts.put(name, n.node()));
    rules.forEach((name, e) -> {
      Node end = n.node();
      end.end = true;
      n.build(e, n.start(name), end);
    });
    n.checkLeftRecursion(rules.keySet());
    n.prune(rules.keySet(), root);
    return n;
  }

  Node start(String rule) {
    Node start = starts.get(rule);
    if (start == null) {
      throw new IllegalArgumentException("grammar: there is no rule '" + rule + "'");
    }
    return start;
  }

  private Node node() {
    if (nodes == MOST_NODES) {
      throw new IllegalArgumentException(
          "the pattern is too large: more than "
              + MOST_NODES
              + " states; take smaller numbers of repetitions");
    }
    return new Node(nodes++);
  }

  private void build(Expr e, Node from, Node to) {
    switch (e) {
      case Expr.Chars c -> {
        for (int[][] sequence : c.set().utf8()) {
          Node at = from;
          for (int i = 0; i < sequence.length; i++) {
            Node next = i == sequence.length - 1 ? to : node();
            at.bytes.add(sequence[i]);
            at.targets.add(next);
            at = next;
          }
        }
      }
      case Expr.Seq s -> {
        Node at = from;
        for (int i = 0; i < s.parts().size(); i++) {
          Node next = i == s.parts().size() - 1 ? to : node();
          build(s.parts().get(i), at, next);
          at = next;
        }
        if (s.parts().isEmpty()) {
          from.free.add(to);
        }
      }
      case Expr.Alt a -> a.ways().forEach(w -> build(w, from, to));
      case Expr.Repeat r -> repeat(r, from, to);
      case Expr.Ref r -> {
        start(r.name());
        from.calls.add(new Call(r.name(), to));
      }
    }
  }

  private void repeat(Expr.Repeat r, Node from, Node to) {
    Node at = node();
    from.free.add(at);
    for (int i = 0; i < r.min(); i++) {
      Node next = node();
      build(r.part(), at, next);
      at = next;
    }
    if (r.max() < 0) {
      // A loop of its own: the part must not be entered from what comes before or after.
      Node loop = node();
      at.free.add(loop);
      Node back = node();
      build(r.part(), loop, back);
      back.free.add(loop);
      loop.free.add(to);
      return;
    }
    at.free.add(to);
    for (int i = r.min(); i < r.max(); i++) {
      Node next = node();
      build(r.part(), at, next);
      next.free.add(to);
      at = next;
    }
  }

  // --- checks

  /** Nodes from which the end of their rule can be reached, given rules that can end. */
  private Set<Node> reaching(Set<String> rules, Set<String> ending, boolean withoutBytes) {
    Map<Node, List<Node>> into = new HashMap<>();
    Set<Node> good = new HashSet<>();
    List<Node> todo = new ArrayList<>();
    for (Node n : all(rules)) {
      n.free.forEach(t -> into.computeIfAbsent(t, _ -> new ArrayList<>()).add(n));
      if (!withoutBytes) {
        n.targets.forEach(t -> into.computeIfAbsent(t, _ -> new ArrayList<>()).add(n));
      }
      for (Call c : n.calls) {
        if (ending.contains(c.rule())) {
          into.computeIfAbsent(c.then(), _ -> new ArrayList<>()).add(n);
        }
      }
      if (n.end && good.add(n)) {
        todo.add(n);
      }
    }
    while (!todo.isEmpty()) {
      for (Node n : into.getOrDefault(todo.removeLast(), List.of())) {
        if (good.add(n)) {
          todo.add(n);
        }
      }
    }
    return good;
  }

  private Set<Node> all(Set<String> rules) {
    Set<Node> seen = new HashSet<>();
    List<Node> todo = new ArrayList<>();
    rules.forEach(r -> todo.add(start(r)));
    while (!todo.isEmpty()) {
      Node n = todo.removeLast();
      if (seen.add(n)) {
        todo.addAll(n.targets);
        todo.addAll(n.free);
        n.calls.forEach(c -> todo.add(c.then()));
      }
    }
    return seen;
  }

  private Set<String> fixpoint(Set<String> rules, boolean withoutBytes) {
    Set<String> ending = new HashSet<>();
    while (true) {
      Set<Node> good = reaching(rules, ending, withoutBytes);
      Set<String> more = new HashSet<>();
      for (String r : rules) {
        if (good.contains(start(r))) {
          more.add(r);
        }
      }
      if (more.equals(ending)) {
        return ending;
      }
      ending = more;
    }
  }

  /** A rule that calls itself before it takes a byte would never come to an end of its calls. */
  private void checkLeftRecursion(Set<String> rules) {
    Set<String> empty = fixpoint(rules, true);
    Map<String, Set<String>> first = new HashMap<>();
    for (String r : rules) {
      Set<String> calls = new HashSet<>();
      Set<Node> seen = new HashSet<>();
      List<Node> todo = new ArrayList<>(List.of(start(r)));
      while (!todo.isEmpty()) {
        Node n = todo.removeLast();
        if (seen.add(n)) {
          todo.addAll(n.free);
          for (Call c : n.calls) {
            calls.add(c.rule());
            if (empty.contains(c.rule())) {
              todo.add(c.then());
            }
          }
        }
      }
      first.put(r, calls);
    }
    for (String r : rules) {
      Set<String> seen = new HashSet<>();
      List<String> todo = new ArrayList<>(first.getOrDefault(r, Set.of()));
      while (!todo.isEmpty()) {
        String s = todo.removeLast();
        if (s.equals(r)) {
          throw new IllegalArgumentException(
              "grammar: the rule '"
                  + r
                  + "' is left-recursive (it can begin with itself); write it with a repetition");
        }
        if (seen.add(s)) {
          todo.addAll(first.getOrDefault(s, Set.of()));
        }
      }
    }
  }

  /** Takes away what leads to no end, so that every state that is left can be completed. */
  private void prune(Set<String> rules, String root) {
    Set<String> ending = fixpoint(rules, false);
    if (!ending.contains(root)) {
      throw new IllegalArgumentException("the pattern matches no text at all");
    }
    Set<Node> good = reaching(rules, ending, false);
    for (Node n : all(rules)) {
      for (int i = n.targets.size() - 1; i >= 0; i--) {
        if (!good.contains(n.targets.get(i))) {
          n.targets.remove(i);
          n.bytes.remove(i);
        }
      }
      n.free.removeIf(t -> !good.contains(t));
      n.calls.removeIf(c -> !ending.contains(c.rule()) || !good.contains(c.then()));
    }
  }
}

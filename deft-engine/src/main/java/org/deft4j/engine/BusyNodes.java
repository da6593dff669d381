package org.deft4j.engine;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The nodes that steps work for, each once; those that are done leave before the next step. */
final class BusyNodes {
  private List<Node> listed = new ArrayList<>();
  // Steps swap the two lists instead of making one each.
  private List<Node> spare = new ArrayList<>();

  /** Adds a node of which something was asked, if it is not there. */
  void add(Node node) {
    if (!node.listed) {
      node.listed = true;
      listed.add(node);
    }
  }

  /** Nodes listed, those included that were done since the last step. */
  int size() {
    return listed.size();
  }

  /** Whether there is anything to do. */
  boolean any() {
    for (Node n : listed) {
      if (n.busy()) {
        return true;
      }
    }
    return false;
  }

  /** The nodes that are busy now, in the order of their ids; valid until the next call. */
  List<Node> now() {
    spare.clear();
    for (Node n : listed) {
      n.listed = n.busy();
      if (n.listed) {
        spare.add(n);
      }
    }
    List<Node> busy = spare;
    spare = listed;
    listed = busy;
    busy.sort(Comparator.comparingLong(n -> n.id.value()));
    return busy;
  }

  void clear() {
    listed.clear();
  }
}

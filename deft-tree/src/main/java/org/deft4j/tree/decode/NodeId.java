package org.deft4j.tree.decode;

/**
 * Names a node of a {@link TreeDecoder}: a run of tokens below its parent's fork point.
 *
 * @param value unique within its decoder, never reused
 */
public record NodeId(long value) implements Comparable<NodeId> {
  @Override
  public int compareTo(NodeId other) {
    return Long.compare(value, other.value);
  }

  @Override
  public String toString() {
    return "node " + value;
  }
}

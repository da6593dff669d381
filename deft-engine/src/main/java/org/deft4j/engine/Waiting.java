package org.deft4j.engine;

import java.util.Arrays;
import java.util.Objects;
import org.deft4j.kernels.sample.Draws;
import org.jspecify.annotations.Nullable;

/** Tokens that a step draws and nobody read yet, one for each of some branches. */
final class Waiting {
  Draws draws = new Draws();
  private @Nullable Node[] node = new @Nullable Node[16];
  private Request.@Nullable Decode[] request = new Request.@Nullable Decode[16];
  private boolean[] placed = new boolean[16];
  private int size;

  /**
   * Gives up what was not read: no branch waits for it, and none has a token that nobody knows. The
   * backend may still write to the draws.
   */
  void abandon() {
    draws = new Draws();
    for (int i = 0; i < size; i++) {
      if (placed[i]) {
        node(i).length--;
      } else if (wanted(i)) {
        node(i).waits = false;
      }
    }
    clear();
  }

  /** Empty, after all was read. */
  void clear() {
    Arrays.fill(node, 0, size, null);
    Arrays.fill(request, 0, size, null);
    draws.clear();
    size = 0;
  }

  /** A draw of row {@code logitsRow} for a branch. */
  void add(int logitsRow, Node branch, Request.Decode d) {
    draws.add(logitsRow, d.spec, branch.pathLength());
    if (size == node.length) {
      node = Arrays.copyOf(node, size * 2);
      request = Arrays.copyOf(request, size * 2);
      placed = Arrays.copyOf(placed, size * 2);
    }
    node[size] = branch;
    request[size] = d;
    placed[size++] = false;
    branch.waits = true;
  }

  int size() {
    return size;
  }

  Node node(int i) {
    return Objects.requireNonNull(node[i]);
  }

  Request.Decode request(int i) {
    return Objects.requireNonNull(request[i]);
  }

  /** Whether the branch still asks for this token: it may have been cancelled or released since. */
  boolean wanted(int i) {
    return node(i).request == request[i];
  }

  /** Whether anybody wants any. */
  boolean wanted() {
    for (int i = 0; i < size; i++) {
      if (wanted(i)) {
        return true;
      }
    }
    return false;
  }

  /** Whether the branch has a place for the token already, which knows it as drawn. */
  boolean placed(int i) {
    return placed[i];
  }

  void place(int i) {
    placed[i] = true;
  }
}

package org.deft4j.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * A tree to decode: at each level a number of branches, equally many below each branch of the level
 * above, and the tokens of each.
 *
 * @param levels from the prompt on
 */
record TreeCase(List<Level> levels) {
  /** One level: so many branches altogether, each of so many tokens. */
  record Level(int branches, int tokens) {
    int total() {
      return branches * tokens;
    }
  }

  TreeCase {
    levels = List.copyOf(levels);
    int above = 1;
    for (Level l : levels) {
      if (l.branches < above || l.branches % above != 0 || l.tokens < 1) {
        throw new IllegalArgumentException(
            l.branches + "x" + l.tokens + " below " + above + " branches is no level of a tree");
      }
      above = l.branches;
    }
  }

  /** Reads for instance {@code 32x96} or {@code 8x256+32x64}. */
  static TreeCase parse(String text) {
    List<Level> levels = new ArrayList<>();
    for (String part : text.split("\\+", -1)) {
      String[] sides = part.split("x", -1);
      if (sides.length != 2) {
        throw new IllegalArgumentException(
            "a case is BRANCHESxTOKENS, levels joined by +, was " + text);
      }
      levels.add(new Level(Integer.parseInt(sides[0]), Integer.parseInt(sides[1])));
    }
    return new TreeCase(levels);
  }

  int total() {
    return levels.stream().mapToInt(Level::total).sum();
  }

  @Override
  public String toString() {
    StringBuilder s = new StringBuilder();
    for (Level l : levels) {
      s.append(s.isEmpty() ? "" : "+").append(l.branches).append('x').append(l.tokens);
    }
    return s.toString();
  }
}

package org.deft4j.bench.attention;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.deft4j.tree.Forest;
import org.deft4j.tree.PagePool;
import org.deft4j.tree.RowBatch;
import org.deft4j.tree.RowLayout;
import org.deft4j.tree.replay.TreeTemplate;

/**
 * A forest at one decode step: each live leaf has one query row for its newest token, or each draft
 * token has one.
 *
 * @param name for tables
 * @param heads query heads
 * @param kvHeads key-value heads
 * @param headDim values a head
 * @param forest holds the tree, all tokens but the rows' own filled
 * @param batch the step's rows
 */
public record Workload(
    String name, int heads, int kvHeads, int headDim, Forest forest, RowBatch batch) {
  private static final int PAGE_SIZE = 16;

  /** The rows in order. */
  public RowLayout layout() {
    return batch.layout();
  }

  /** Tokens that some row sees, each once. */
  public long tokens() {
    RowLayout layout = layout();
    long n = 0;
    for (int k = 0; k < layout.nodes(); k++) {
      n += layout.nodeTokens()[k];
    }
    return n;
  }

  /** Multiplications and additions of all heads: each row's scores and weighted sums. */
  public double flops() {
    RowLayout layout = layout();
    double seen = 0;
    for (int r = 0; r < layout.rows(); r++) {
      seen += layout.rowPosition()[r] + 1;
    }
    return 4.0 * headDim * heads * seen;
  }

  /** This tree with other heads. */
  public Workload withHeads(int newHeads, int newKvHeads, int newHeadDim) {
    return new Workload(name, newHeads, newKvHeads, newHeadDim, forest, batch);
  }

  /** A prompt and {@code branches} branches of {@code tokens} tokens each. */
  public static Workload fewShot(int prompt, int branches, int tokens) {
    return levels(
        prompt + " + " + branches + " x " + tokens,
        new int[] {1, branches},
        new int[] {prompt, tokens});
  }

  /** One branch of {@code tokens} tokens. */
  public static Workload single(int tokens) {
    return levels("1 x " + tokens, new int[] {1}, new int[] {tokens});
  }

  /**
   * A tree by levels, as in FastTree's published benchmark: {@code nodes[i]} nodes of {@code
   * tokens[i]} tokens each on level i, spread evenly below the level before.
   *
   * @throws IllegalArgumentException if a level has no positive multiple of the nodes of the one
   *     above
   */
  public static Workload levels(String name, int[] nodes, int[] tokens) {
    if (nodes.length == 0 || nodes.length != tokens.length) {
      throw new IllegalArgumentException(
          "levels need as many node counts as token counts: "
              + Arrays.toString(nodes)
              + ", "
              + Arrays.toString(tokens));
    }
    long slots = 0;
    long path = 0;
    for (int i = 0; i < nodes.length; i++) {
      if (nodes[i] < 1 || tokens[i] < 1 || i > 0 && nodes[i] % nodes[i - 1] != 0) {
        throw new IllegalArgumentException(
            "level "
                + i
                + ": "
                + nodes[i]
                + " nodes of "
                + tokens[i]
                + " tokens; counts must be positive, nodes a multiple of those above");
      }
      slots += (long) nodes[i] * (tokens[i] + PAGE_SIZE);
      path += tokens[i];
    }
    // Room for the private copies of `sequence`.
    slots += nodes[nodes.length - 1] * (path + PAGE_SIZE);
    Forest forest = forest(slots);
    RowBatch batch = new RowBatch(forest);
    int[] above = new int[0];
    for (int i = 0; i < nodes.length; i++) {
      int[] level = new int[nodes[i]];
      for (int j = 0; j < nodes[i]; j++) {
        // Trees of one forest differ in their first token: equal prompts would be one segment.
        level[j] =
            i == 0
                ? forest.root(prompt(tokens[0], j))
                : forest.child(above[j / (nodes[i] / above.length)]);
      }
      if (i > 0) {
        grow(forest, level, tokens[i]);
      }
      boolean leaves = i == nodes.length - 1;
      for (int s : level) {
        forest.setFilled(s, leaves ? tokens[i] - 1 : tokens[i]);
        if (leaves) {
          batch.add(s, 1);
        }
      }
      above = level;
    }
    return new Workload(name, 32, 8, 128, forest, batch);
  }

  /** Parses {@code "1,10/4000,400"}: nodes a level, then tokens a node of each level. */
  public static Workload parse(String spec) {
    String[] halves = spec.split("/", -1);
    if (halves.length != 2) {
      throw new IllegalArgumentException(
          "tree '" + spec + "' is not like 1,10/4000,400 (nodes of each level / tokens of each)");
    }
    return levels(spec, numbers(spec, halves[0]), numbers(spec, halves[1]));
  }

  private static int[] numbers(String spec, String list) {
    try {
      return Arrays.stream(list.split(",", -1))
          .map(String::trim)
          .mapToInt(Integer::parseInt)
          .toArray();
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(
          "tree '" + spec + "' is not like 1,10/4000,400: '" + list + "' is no list of numbers", e);
    }
  }

  /**
   * A draft tree below a prompt, every token a query that attends to its ancestors and itself.
   *
   * @param paths the tree as lists of child numbers, as Medusa writes them; the root token is added
   */
  public static Workload draft(String name, int prompt, List<List<Integer>> paths) {
    Forest forest = forest((paths.size() + 2L) * (prompt + 2L * PAGE_SIZE));
    RowBatch batch = new RowBatch(forest);
    int top = forest.root(prompt(prompt, 0));
    forest.setFilled(top, prompt);
    Map<List<Integer>, Integer> nodes = new HashMap<>();
    List<List<Integer>> ordered = new ArrayList<>(paths);
    ordered.add(List.of());
    ordered.sort((a, b) -> Integer.compare(a.size(), b.size()));
    for (List<Integer> path : ordered) {
      int above =
          path.isEmpty() ? top : nodes.getOrDefault(path.subList(0, path.size() - 1), Forest.NONE);
      if (above == Forest.NONE) {
        throw new IllegalArgumentException("draft token " + path + " has no token above it");
      }
      int s = forest.child(above);
      forest.append(s, 0);
      nodes.put(path, s);
      batch.add(s, 1);
    }
    return new Workload(name, 32, 8, 128, forest, batch);
  }

  /**
   * The flat form of DeFT's own benchmark: every one of {@code tokens} tokens a child of the
   * prompt.
   */
  public static Workload flatDraft(int prompt, int tokens) {
    return levels(prompt + " + " + tokens + " flat", new int[] {1, tokens}, new int[] {prompt, 1});
  }

  /**
   * A recorded tree at one of its steps: what is live then has a row each.
   *
   * @param prompt tokens of the prompt in place of the recorded number
   */
  public static Workload at(String name, TreeTemplate template, int step, int prompt) {
    List<TreeTemplate.Node> nodes = template.nodes();
    boolean[] needed = new boolean[nodes.size()];
    if (!mark(nodes, 0, step, needed)) {
      throw new IllegalArgumentException("nothing is live in step " + step);
    }
    // With room for the private copies of `sequence`.
    long copies = (long) template.maxWidth() * (prompt + template.longestPath());
    Forest forest = forest(prompt + template.tokens() + (long) PAGE_SIZE * nodes.size() + copies);
    RowBatch batch = new RowBatch(forest);
    int top = forest.root(prompt(prompt, 0));
    forest.setFilled(top, prompt);
    int[] segment = new int[nodes.size()];
    segment[0] = top;
    List<Integer> open = new ArrayList<>(List.of(0));
    // Siblings grow in turns, as they did; a node cannot grow once it has children.
    for (int s = 1; s <= step; s++) {
      for (int q = 0; q < open.size(); q++) {
        int i = open.get(q);
        TreeTemplate.Node n = nodes.get(i);
        if (i > 0 && n.start() <= s && s <= n.end()) {
          forest.append(segment[i], 0);
        }
        if (n.end() == s - 1) {
          for (int c : n.children()) {
            if (needed[c]) {
              segment[c] = forest.child(segment[i]);
              open.add(c);
            }
          }
        }
      }
    }
    for (int i : open.subList(1, open.size())) {
      boolean live = nodes.get(i).end() >= step;
      int length = forest.length(segment[i]);
      forest.setFilled(segment[i], live ? length - 1 : length);
      if (live) {
        batch.add(segment[i], 1);
      }
    }
    return new Workload(name, 32, 8, 128, forest, batch);
  }

  /** Whether node i is live in a step or has something live below. */
  private static boolean mark(List<TreeTemplate.Node> nodes, int i, int step, boolean[] needed) {
    TreeTemplate.Node n = nodes.get(i);
    if (n.start() > step) {
      return false;
    }
    boolean live = i > 0 && n.end() >= step;
    for (int c : n.children()) {
      live |= mark(nodes, c, step, needed);
    }
    needed[i] = live;
    return live;
  }

  private static Forest forest(long slots) {
    return new Forest(
        new PagePool(PAGE_SIZE, Math.toIntExact(Math.ceilDiv(slots, PAGE_SIZE) + PAGE_SIZE)));
  }

  private static int[] prompt(int tokens, int first) {
    int[] all = new int[tokens];
    all[0] = first;
    return all;
  }

  /** All segments of a level grow together, as branches do. */
  private static void grow(Forest forest, int[] segments, int tokens) {
    for (int t = 0; t < tokens; t++) {
      for (int s : segments) {
        forest.append(s, t);
      }
    }
  }
}

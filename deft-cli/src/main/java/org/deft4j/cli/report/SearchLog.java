package org.deft4j.cli.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deft4j.search.budget.SearchBudget;
import org.deft4j.search.strategy.PruneReason;
import org.jspecify.annotations.Nullable;

/**
 * What one search did, as a report shows it: filled while the search runs or while its trace is
 * read. Times are seconds since the search began.
 *
 * <p>Not for several threads.
 */
public final class SearchLog {
  private final Map<Long, Node> nodes = new LinkedHashMap<>();
  private final Timeline timeline = new Timeline();
  private final Map<String, Long> spent = new LinkedHashMap<>();
  private final Map<String, Long> limits = new LinkedHashMap<>();
  private final List<List<Object>> notes = new ArrayList<>();
  private final Map<String, String> facts = new LinkedHashMap<>();
  private final Fates fates = new Fates(nodes);
  private List<Long> best = List.of();
  private String title = "search";
  private String problem = "";

  /** What a thought's state is; the order is that of the page's script. */
  public enum State {
    /** A step on the way. */
    PARTIAL,
    /** An answer. */
    ANSWER,
    /** A dead end. */
    DEAD
  }

  /** A thought. */
  static final class Node {
    final long ordinal;
    final long parent;
    final int depth;
    final String stage;
    final String text;
    final State state;
    final String says;
    final int tokens;
    final double logProb;
    final double at;
    double score = Double.NaN;
    boolean solved;
    String source = "";
    boolean pruned;
    PruneReason reason = PruneReason.OUTRANKED;
    @Nullable String why;

    Node(
        long ordinal,
        long parent,
        int depth,
        String stage,
        String text,
        State state,
        String says,
        int tokens,
        double logProb,
        double at) {
      this.ordinal = ordinal;
      this.parent = parent;
      this.depth = depth;
      this.stage = stage;
      this.text = text;
      this.state = state;
      this.says = says;
      this.tokens = tokens;
      this.logProb = logProb;
      this.at = at;
      this.why = state == State.DEAD ? says : null;
    }
  }

  /** Names the search; the problem's text follows from {@link #started}. */
  public void title(String value) {
    title = value;
  }

  /** Adds a line to what is known of the search as a whole; empty values are passed over. */
  public void fact(String name, @Nullable Object value) {
    if (value != null && !value.toString().isEmpty()) {
      facts.put(name, value.toString());
    }
  }

  /** Sets a limit of the budget, by the name that {@link #spent} uses. */
  void limit(String name, long value) {
    if (value < Long.MAX_VALUE) {
      limits.put(name, value);
    }
  }

  /** Sets those limits of a budget that there are. */
  public void limits(SearchBudget budget) {
    limit(Ledger.DECODED, budget.decodeTokens());
    limit(Ledger.NODES, budget.nodes());
  }

  /** The search began with this problem. */
  public void started(String text) {
    problem = text;
    nodes.put(0L, new Node(0, -1, 0, "", "", State.PARTIAL, text, 0, Double.NaN, 0));
  }

  /**
   * A thought is finished. One whose parent is not known is put below the root, as in a trace that
   * was cut.
   */
  public void thought(
      double t,
      long ordinal,
      long parent,
      int depth,
      String stage,
      String text,
      State state,
      String says,
      int tokens,
      double logProb) {
    settle();
    nodes.put(
        ordinal,
        new Node(
            ordinal,
            nodes.containsKey(parent) ? parent : 0,
            depth,
            stage,
            text,
            state,
            says,
            tokens,
            logProb,
            t));
  }

  /** A thought was scored. */
  public void scored(long thought, double value, boolean solved, String source) {
    settle();
    Node node = nodes.get(thought);
    if (node != null) {
      node.score = value;
      node.solved = solved;
      node.source = source;
    }
  }

  /** The best answer so far changed. */
  public void selected(long thought) {
    settle();
    List<Long> path = new ArrayList<>();
    for (Node n = nodes.get(thought); n != null; n = nodes.get(n.parent)) {
      path.addFirst(n.ordinal);
    }
    best = path;
  }

  /** A thought and all below it were freed; pruned together are those told without a break. */
  public void pruned(long thought, PruneReason why) {
    fates.pruned(thought, why);
  }

  private void settle() {
    fates.settle();
  }

  /** A step is about to be made. */
  public void stepped(double t, int live, long decoded, long kvBytes, long kvBytesShared) {
    settle();
    timeline.add(t, live, decoded, kvBytes, kvBytesShared);
  }

  /** What was spent of something so far. */
  public void spent(String name, long value) {
    spent.put(name, value);
  }

  /** Something that deserves a line. */
  public void note(double t, String text) {
    notes.add(List.of(t, text));
  }

  /** Path of the answer at the end. */
  public void best(List<Long> path) {
    settle();
    best = List.copyOf(path);
  }

  /** How many thoughts there are, the problem itself counted. */
  public int size() {
    return nodes.size();
  }

  /** Everything, in the form that the page's script reads. */
  Map<String, Object> data() {
    settle();
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("title", title);
    data.put("problem", problem);
    data.put(
        "facts", facts.entrySet().stream().map(e -> List.of(e.getKey(), e.getValue())).toList());
    Columns columns = new Columns(nodes.values());
    data.put("stages", columns.stages());
    data.put("sources", columns.sources());
    data.put("nodes", columns.columns());
    data.put("best", best);
    data.put("steps", timeline.columns());
    List<List<@Nullable Object>> ledger = new ArrayList<>();
    Map<String, Long> all = new LinkedHashMap<>(spent);
    limits.keySet().forEach(name -> all.putIfAbsent(name, 0L));
    for (Map.Entry<String, Long> e : all.entrySet()) {
      List<@Nullable Object> row = new ArrayList<>();
      row.add(e.getKey());
      row.add(e.getValue());
      row.add(limits.get(e.getKey()));
      ledger.add(row);
    }
    data.put("ledger", ledger);
    data.put("notes", notes);
    return data;
  }
}

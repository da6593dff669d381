package org.deft4j.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.deft4j.engine.json.JsonWriter;
import org.deft4j.search.driver.SearchResult;
import org.deft4j.tree.plan.IoLedger;

/**
 * What {@code deft run} found, for people or as a document.
 *
 * @param task the task's name
 * @param strategy the strategy's name
 * @param evaluator the evaluator's name
 * @param oracle whether the evaluator uses the reference answer
 * @param seed seed of the first problem's search
 * @param model the model's name or file
 * @param backend the backend's name
 * @param attention the attention method
 */
record RunReport(
    String task,
    String strategy,
    String evaluator,
    boolean oracle,
    long seed,
    String model,
    String backend,
    String attention) {

  /** The document that the README describes; its fields are stable. */
  String json(List<SearchResult> results) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("task", task);
    map.put("strategy", strategy);
    map.put("evaluator", evaluator);
    map.put("oracle", oracle);
    map.put("seed", seed);
    map.put("model", model);
    map.put("backend", backend);
    map.put("attention", attention);
    map.put("results", results.stream().map(RunReport::map).toList());
    return JsonWriter.document(map);
  }

  private static Map<String, Object> map(SearchResult r) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("problem", r.problem().text());
    map.put("id", r.problem().id());
    map.put("answer", r.answer().orElse(null));
    map.put("score", r.score().isPresent() ? r.score().get().value() : null);
    map.put("solved", r.grade().graded() ? r.solved() : null);
    map.put("error", r.grade().error());
    map.put("seconds", Math.rint(r.seconds() * 1e6) / 1e6);
    Map<String, Object> tokens = new LinkedHashMap<>();
    tokens.put("decoded", r.tokens().decoded() + r.tokens().evaluator());
    tokens.put("evaluator", r.tokens().evaluator());
    tokens.put("prefilled", r.tokens().prefilled());
    tokens.put("reused", r.tokens().reused());
    map.put("tokens", tokens);
    Map<String, Object> tree = new LinkedHashMap<>();
    tree.put("nodes", r.tree().nodes());
    tree.put("depth", r.tree().depth());
    tree.put("maxWidth", r.tree().maxWidth());
    map.put("tree", tree);
    map.put("io", io(r.io(), r.kvBytesShared()));
    map.put("stopped", r.stopped().id());
    return map;
  }

  private static Map<String, Object> io(IoLedger io, long shared) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("kvTokens", io.kvTokens());
    map.put("kvBytes", io.kv());
    map.put("queryBytes", io.query());
    map.put("partialBytes", io.partial());
    map.put("maskBytes", io.mask());
    map.put("scoreBytes", io.scores());
    map.put("totalBytes", io.total());
    map.put("kvBytesShared", shared);
    return map;
  }

  /** Everything about one result. */
  static void print(PrintWriter out, SearchResult r, boolean colour) {
    line(out, "problem", Cli.oneLine(r.problem().text()));
    line(out, "answer", r.answer().map(Cli::oneLine).orElse("none"));
    String solved =
        r.solved()
            ? "yes"
            : r.grade().graded()
                ? "no, error " + Format.number(r.grade().error())
                : "nobody can tell: there is no reference answer";
    String mark = colour ? (r.solved() ? "\033[32m" : "\033[33m") + solved + "\033[0m" : solved;
    line(out, "solved", mark);
    r.score().ifPresent(s -> line(out, "score", Format.number(s.value()) + " by " + s.source()));
    line(
        out,
        "tree",
        "%s, depth %d, at most %s live"
            .formatted(
                Format.plural(r.tree().nodes(), "node"),
                r.tree().depth(),
                Format.plural(r.tree().maxWidth(), "branch", "branches")));
    long decoded = r.tokens().decoded() + r.tokens().evaluator();
    line(
        out,
        "tokens",
        "%s decoded (%s/s), %s prefilled, %s reused (%s of all prompts)"
            .formatted(
                Format.count(decoded),
                Format.count(Math.round(decoded / Math.max(r.seconds(), 1e-9))),
                Format.count(r.tokens().prefilled()),
                Format.count(r.tokens().reused()),
                Format.percent(reusedShare(r))));
    line(
        out,
        "KV",
        "%s shared between branches, %s read"
            .formatted(Format.bytes(r.kvBytesShared()), Format.bytes(r.io().kv())));
    line(out, "time", Format.seconds(r.seconds()) + ", stopped: " + r.stopped().id());
  }

  /** Share of the tokens of all prompts, each branch's whole one, that were in the tree already. */
  private static double reusedShare(SearchResult r) {
    double all = (double) r.tokens().prefilled() + r.tokens().reused();
    return all == 0 ? 0 : r.tokens().reused() / all;
  }

  /** One result of several on a line. */
  static void printShort(PrintWriter out, SearchResult r) {
    out.printf(
        Locale.ROOT,
        "%-10s %-10s error %-5s %s tokens, %s%n",
        r.problem().id(),
        r.solved() ? "solved" : r.grade().graded() ? "not solved" : "not graded",
        r.grade().graded() ? Format.number(r.grade().error()) : "-",
        Format.count(r.tokens().decoded() + r.tokens().evaluator()),
        Format.seconds(r.seconds()));
  }

  /** What several results have in common. */
  static void printSummary(PrintWriter out, List<SearchResult> results) {
    int solved = 0;
    int graded = 0;
    double error = 0;
    double seconds = 0;
    long tokens = 0;
    List<String> parts = new ArrayList<>();
    for (SearchResult r : results) {
      solved += r.solved() ? 1 : 0;
      error += r.grade().graded() ? r.grade().error() : 0;
      graded += r.grade().graded() ? 1 : 0;
      seconds += r.seconds();
      tokens += r.tokens().decoded() + r.tokens().evaluator();
    }
    int n = results.size();
    parts.add(solved + " of " + n + " solved");
    if (graded > 0) {
      parts.add("mean error " + Format.number(error / graded));
    }
    parts.add(Format.count(Math.round((double) tokens / n)) + " tokens a problem");
    parts.add(Format.seconds(seconds / n) + " a problem");
    out.println(String.join(", ", parts));
  }

  private static void line(PrintWriter out, String label, String text) {
    out.printf("%-8s %s%n", label, text);
  }
}

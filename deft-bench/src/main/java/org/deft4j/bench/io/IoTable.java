package org.deft4j.bench.io;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.deft4j.tree.plan.AttentionMethod;
import org.deft4j.tree.plan.IoLedger;
import org.deft4j.tree.plan.KvGeometry;
import org.deft4j.tree.plan.PlanOptions;
import org.deft4j.tree.replay.Replay;
import org.deft4j.tree.replay.TreeTemplate;

/**
 * What each attention method moves over all trees of some files, in one layer, and how much less
 * that is than where each branch reads its whole path.
 *
 * @param geometry the shape of attention that bytes are counted for
 * @param files one entry a file
 */
public record IoTable(KvGeometry geometry, List<FileRows> files) {
  /** The method that others are compared with: each branch reads its whole path. */
  public static final AttentionMethod BASE = AttentionMethod.SEQUENCE;

  /** Copies the list. */
  public IoTable {
    files = List.copyOf(files);
  }

  /**
   * A file's sums.
   *
   * @param name the file
   * @param trees its complete trees
   * @param steps decode steps of all trees
   * @param tokens tokens decoded in all trees
   * @param rows one a method
   */
  public record FileRows(String name, int trees, long steps, long tokens, List<Row> rows) {
    /** Copies the list. */
    public FileRows {
      rows = List.copyOf(rows);
    }
  }

  /**
   * One method's sums over the trees of a file.
   *
   * @param method the method
   * @param io bytes moved
   * @param meanRatio mean over trees of the KV tokens that {@link #BASE} reads, over those read
   *     here
   * @param sumRatio the same of the sums over all trees
   */
  public record Row(AttentionMethod method, IoLedger io, double meanRatio, double sumRatio) {}

  /** Watches a long replay. */
  @FunctionalInterface
  public interface Watcher {
    /**
     * A tree is about to be replayed.
     *
     * @param file its file
     * @param tree its index
     * @return whether to go on
     */
    boolean goOn(TemplateFile file, int tree);
  }

  /**
   * Replays every tree by every method.
   *
   * @param watcher asked before each tree; false ends the work early with an empty file list
   */
  public static IoTable of(
      List<TemplateFile> files,
      List<AttentionMethod> methods,
      PlanOptions options,
      KvGeometry geometry,
      Watcher watcher) {
    List<FileRows> rows = new ArrayList<>();
    for (TemplateFile file : files) {
      List<Replay.Result> base = new ArrayList<>();
      Map<AttentionMethod, Sum> sums = new EnumMap<>(AttentionMethod.class);
      for (TreeTemplate tree : file.trees()) {
        if (!watcher.goOn(file, base.size())) {
          return new IoTable(geometry, List.of());
        }
        Replay.Result own = Replay.run(tree, BASE, options, geometry);
        base.add(own);
        for (AttentionMethod method : methods) {
          Replay.Result result = method == BASE ? own : Replay.run(tree, method, options, geometry);
          sums.computeIfAbsent(method, _ -> new Sum()).add(result.io(), own.io());
        }
      }
      rows.add(
          new FileRows(
              file.name(),
              file.trees().size(),
              base.stream().mapToLong(Replay.Result::steps).sum(),
              base.stream().mapToLong(Replay.Result::rows).sum(),
              methods.stream().map(m -> sums.getOrDefault(m, new Sum()).row(m)).toList()));
    }
    return new IoTable(geometry, rows);
  }

  private static final class Sum {
    private IoLedger io = IoLedger.ZERO;
    private long base;
    private double ratios;
    private int trees;

    void add(IoLedger own, IoLedger compared) {
      io = io.plus(own);
      base += compared.kvTokens();
      ratios += (double) compared.kvTokens() / own.kvTokens();
      trees++;
    }

    Row row(AttentionMethod method) {
      return new Row(method, io, ratios / trees, (double) base / io.kvTokens());
    }
  }

  /** A Markdown table a file. */
  public String markdown() {
    StringBuilder out = new StringBuilder();
    for (FileRows f : files) {
      out.append(
          String.format(
              Locale.ROOT,
              "%s: %d trees, %,d steps, %,d tokens decoded%n%n",
              f.name(),
              f.trees(),
              f.steps(),
              f.tokens()));
      out.append("| method | KV tokens read | fewer (mean of trees) | fewer (of sums) |");
      out.append(" KV GB | Q and O GB | partials GB | masks GB | scores GB | total GB |\n");
      out.append("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
      for (Row r : f.rows()) {
        IoLedger io = r.io();
        out.append(
            String.format(
                Locale.ROOT,
                "| %s | %,d | %.2fx | %.2fx | %.3f | %.3f | %.3f | %.3f | %.3f | %.3f |%n",
                r.method().label(),
                io.kvTokens(),
                r.meanRatio(),
                r.sumRatio(),
                io.kv() / 1e9,
                io.query() / 1e9,
                io.partial() / 1e9,
                io.mask() / 1e9,
                io.scores() / 1e9,
                io.total() / 1e9));
      }
      out.append('\n');
    }
    out.append(
        String.format(
            Locale.ROOT,
            "Bytes of one layer with %d query heads, %d KV heads of %d; keys and values of %d"
                + " bytes.%n",
            geometry.queryHeads(),
            geometry.kvHeads(),
            geometry.headDim(),
            geometry.kvElementBytes()));
    return out.toString();
  }

  /** A row a file and method, for a report. */
  public List<Map<String, Object>> rows() {
    List<Map<String, Object>> list = new ArrayList<>();
    for (FileRows f : files) {
      for (Row r : f.rows()) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("file", f.name());
        map.put("trees", f.trees());
        map.put("steps", f.steps());
        map.put("decodedTokens", f.tokens());
        map.put("attention", r.method().label());
        map.put("kvTokens", r.io().kvTokens());
        map.put("kvTokensFewerMeanOfTrees", r.meanRatio());
        map.put("kvTokensFewerOfSums", r.sumRatio());
        map.put("kvBytes", r.io().kv());
        map.put("queryBytes", r.io().query());
        map.put("partialBytes", r.io().partial());
        map.put("maskBytes", r.io().mask());
        map.put("scoreBytes", r.io().scores());
        map.put("totalBytes", r.io().total());
        list.add(map);
      }
    }
    return list;
  }
}

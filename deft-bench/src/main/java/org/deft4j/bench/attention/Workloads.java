package org.deft4j.bench.attention;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.deft4j.bench.io.DraftFile;
import org.deft4j.bench.io.TemplateFile;
import org.jspecify.annotations.Nullable;

/**
 * The named workloads of {@code deft bench attention}: those of the DeFT paper's sizes, and the
 * trees of the benchmarks of FastTree and PAT.
 */
public final class Workloads {
  private Workloads() {}

  /**
   * All names and how each is made.
   *
   * @param templates the DeFT authors' folder of recordings ({@code reasoning} and {@code
   *     speculative_decoding} below it), without which the recorded workloads are left out
   */
  public static Map<String, Supplier<Workload>> all(@Nullable Path templates) {
    Map<String, Supplier<Workload>> all = new LinkedHashMap<>();
    all.put("few-shot-4k-20", () -> Workload.fewShot(4000, 20, 200));
    all.put("few-shot-4k-50", () -> Workload.fewShot(4000, 50, 200));
    all.put("few-shot-16k-50", () -> Workload.fewShot(16000, 50, 200));
    if (templates != null) {
      all.put("sorting", () -> sorting(templates.resolve("reasoning/sorting128ToT.json")));
      for (int size : new int[] {64, 256}) {
        Path file = templates.resolve("speculative_decoding/tree_size" + size + ".json");
        all.put("draft-" + size, () -> draft(file, size, 6000));
      }
    }
    all.put("draft-64-flat", () -> Workload.flatDraft(6000, 64));
    all.put("draft-256-flat", () -> Workload.flatDraft(6000, 256));
    all.put("mha-4k-50", () -> Workload.fewShot(4000, 50, 200).withHeads(32, 32, 128));
    all.put("leaf-4k", () -> Workload.single(4000));
    all.put("leaf-32k", () -> Workload.single(32000));
    for (List<String> group : List.of(PublishedTrees.FAST_TREE, PublishedTrees.PAT)) {
      for (String spec : group) {
        all.put(spec, () -> Workload.parse(spec));
      }
    }
    return all;
  }

  /**
   * The names of a group: {@code deft} (the paper's sizes and recordings), {@code fasttree}, {@code
   * pat}; empty for any other name.
   */
  public static List<String> group(String name, @Nullable Path templates) {
    return switch (name) {
      case "fasttree" -> PublishedTrees.FAST_TREE;
      case "pat" -> PublishedTrees.PAT;
      case "deft" ->
          all(templates).keySet().stream()
              .filter(n -> !PublishedTrees.FAST_TREE.contains(n) && !PublishedTrees.PAT.contains(n))
              .toList();
      default -> List.of();
    };
  }

  /** Record 1 (the first complete one) at step 1311 with a prompt of 4000 tokens. */
  private static Workload sorting(Path file) {
    return Workload.at(
        "sorting, step 1311", TemplateFile.read(file).trees().getFirst(), 1311, 4000);
  }

  private static Workload draft(Path file, int size, int prompt) {
    return Workload.draft(
        prompt + " + " + size + "-token tree", prompt, DraftFile.read(file).paths());
  }
}

package org.deft4j.bench.attention;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.deft4j.bench.io.TemplateFile;
import org.deft4j.engine.json.JsonReader;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * The named workloads of {@code deft bench attention}: those of the DeFT paper's sizes, and the
 * trees of FastTree's published benchmark.
 */
public final class Workloads {
  private static final String[] FAST_TREE = {
    "1,10/4000,400",
    "1,16,64/1024,256,32",
    "1,2,4,8,16,32,64/256,256,256,256,256,256,256",
    "1,2,4,8,16,32,64,128,1024/16,16,16,16,16,16,16,16,16"
  };

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
    for (String spec : FAST_TREE) {
      all.put(spec, () -> Workload.parse(spec));
    }
    return all;
  }

  /** Record 1 (the first complete one) at step 1311 with a prompt of 4000 tokens. */
  private static Workload sorting(Path file) {
    return Workload.at(
        "sorting, step 1311", TemplateFile.read(file).trees().getFirst(), 1311, 4000);
  }

  private static Workload draft(Path file, int size, int prompt) {
    try {
      List<List<Integer>> paths = new ArrayList<>();
      if (!(JsonReader.read(Files.readString(file)) instanceof Map<?, ?> json)
          || !(json.get("Tree_Structure") instanceof List<?> tree)) {
        throw new IllegalArgumentException("it has no Tree_Structure");
      }
      for (Object path : tree) {
        List<Integer> numbers = new ArrayList<>();
        for (Object n : (List<?>) path) {
          numbers.add(((Long) n).intValue());
        }
        paths.add(numbers);
      }
      return Workload.draft(prompt + " + " + size + "-token tree", prompt, paths);
    } catch (IOException | ClassCastException | IllegalArgumentException e) {
      throw new DeftException(
          DeftException.USAGE, "no file of draft trees: " + file + ": " + e.getMessage(), e);
    }
  }
}

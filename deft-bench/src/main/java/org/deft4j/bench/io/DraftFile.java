package org.deft4j.bench.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deft4j.engine.json.JsonReader;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * A file of a draft tree for speculative decoding with recorded acceptances, in the format of the
 * DeFT paper's data set (dataset/generation/Speculative_Decoding of github.com/LINs-lab/DeFT): an
 * object with {@code Tree_Structure}, a list of paths of child numbers, and {@code Records}, each
 * with {@code Accept_length}, the tokens accepted in each step.
 *
 * @param name the file's name without its ending
 * @param paths the tree below its root token, which is not listed
 * @param accepted of each record, the tokens accepted in each step
 */
public record DraftFile(String name, List<List<Integer>> paths, List<List<Integer>> accepted) {
  /** Copies the lists. */
  public DraftFile {
    paths = List.copyOf(paths);
    accepted = List.copyOf(accepted);
  }

  /** Tokens of the tree, its root token among them. */
  public int tokens() {
    return paths.size() + 1;
  }

  /** Whether a document looks like such a file rather than one of recorded trees. */
  public static boolean matches(@Nullable Object json) {
    return json instanceof Map<?, ?> map && map.containsKey("Tree_Structure");
  }

  /**
   * Reads a file.
   *
   * @throws DeftException with exit code 2, naming the file and what is wrong
   */
  public static DraftFile read(Path file) {
    try {
      Object json = JsonReader.read(Files.readString(file));
      if (!(json instanceof Map<?, ?> map)) {
        throw new IllegalArgumentException("it must hold an object");
      }
      List<List<Integer>> accepted = new ArrayList<>();
      for (Object record : list(map, "Records")) {
        accepted.add(integers(list((Map<?, ?>) record, "Accept_length")));
      }
      List<List<Integer>> paths = new ArrayList<>();
      for (Object path : list(map, "Tree_Structure")) {
        paths.add(integers((List<?>) path));
      }
      String name = file.getFileName().toString().replaceFirst("\\.json$", "");
      return new DraftFile(name, paths, accepted);
    } catch (IOException | ClassCastException | IllegalArgumentException e) {
      throw new DeftException(
          DeftException.USAGE, "no file of draft trees: " + file + ": " + e.getMessage(), e);
    }
  }

  private static List<?> list(Map<?, ?> map, String key) {
    if (map.get(key) instanceof List<?> l) {
      return l;
    }
    throw new IllegalArgumentException("it has no " + key);
  }

  private static List<Integer> integers(List<?> numbers) {
    List<Integer> all = new ArrayList<>();
    for (Object n : numbers) {
      all.add(Math.toIntExact((Long) n));
    }
    return all;
  }
}

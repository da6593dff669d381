package org.deft4j.bench.io;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.deft4j.engine.json.JsonReader;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.replay.TreeTemplate;
import org.jspecify.annotations.Nullable;

/**
 * A file of recorded trees in the format of the DeFT paper's data set (dataset/generation/Reasoning
 * of github.com/LINs-lab/DeFT): a list of objects with {@code incompleted} (such a record is passed
 * over) and {@code data}, a map from node ids to nodes with {@code id}, {@code value}, {@code
 * start}, {@code end} and {@code children}.
 *
 * @param name the file's name without its ending
 * @param trees its complete trees, in order
 * @param incomplete how many records were passed over
 */
public record TemplateFile(String name, List<TreeTemplate> trees, int incomplete) {
  /** Copies the list. */
  public TemplateFile {
    trees = List.copyOf(trees);
  }

  /**
   * Reads a file.
   *
   * @throws DeftException with exit code 2, naming the file and the record that is wrong
   */
  public static TemplateFile read(Path file) {
    String text;
    try {
      text = Files.readString(file);
    } catch (CharacterCodingException e) {
      throw bad(file, "it is no UTF-8 text", e);
    } catch (IOException e) {
      throw bad(file, "it cannot be read: " + e.getMessage(), e);
    }
    Object json;
    try {
      json = JsonReader.read(text);
    } catch (IllegalArgumentException e) {
      throw bad(file, String.valueOf(e.getMessage()), e);
    }
    if (!(json instanceof List<?> records)) {
      throw bad(file, "it must hold a list of trees", null);
    }
    List<TreeTemplate> trees = new ArrayList<>();
    int incomplete = 0;
    for (int i = 0; i < records.size(); i++) {
      try {
        Map<?, ?> record = (Map<?, ?>) present(records.get(i));
        if (Boolean.TRUE.equals(record.get("incompleted"))) {
          incomplete++;
        } else {
          trees.add(tree((Map<?, ?>) present(record.get("data"))));
        }
      } catch (IllegalArgumentException | ClassCastException e) {
        throw bad(file, "record " + i + " is no tree: " + e.getMessage(), e);
      }
    }
    if (trees.isEmpty()) {
      throw bad(file, "it holds no complete tree", null);
    }
    String name = file.getFileName().toString().replaceFirst("\\.json$", "");
    return new TemplateFile(name, trees, incomplete);
  }

  private static TreeTemplate tree(Map<?, ?> data) {
    List<TreeTemplate.@Nullable Node> nodes = new ArrayList<>();
    for (int i = 0; i < data.size(); i++) {
      nodes.add(null);
    }
    for (Object value : data.values()) {
      Map<?, ?> node = (Map<?, ?>) present(value);
      int id = integer(node, "id");
      if (id < 0 || id >= nodes.size() || nodes.get(id) != null) {
        throw new IllegalArgumentException("bad node id " + id);
      }
      List<Integer> children = new ArrayList<>();
      for (Object child : (List<?>) present(node.get("children"))) {
        children.add(integer(child, "children"));
      }
      nodes.set(
          id,
          new TreeTemplate.Node(
              integer(node, "value"), integer(node, "start"), integer(node, "end"), children));
    }
    List<TreeTemplate.Node> all = new ArrayList<>();
    for (TreeTemplate.Node node : nodes) {
      all.add((TreeTemplate.Node) present(node));
    }
    return new TreeTemplate(all);
  }

  private static int integer(Map<?, ?> node, String field) {
    return integer(node.get(field), field);
  }

  private static int integer(@Nullable Object value, String field) {
    if (value instanceof Long n && n == n.intValue()) {
      return n.intValue();
    }
    throw new IllegalArgumentException(field + " must be an integer, was " + value);
  }

  private static Object present(@Nullable Object value) {
    if (value == null) {
      throw new IllegalArgumentException("a part is missing");
    }
    return value;
  }

  private static DeftException bad(Path file, String why, @Nullable Exception cause) {
    String message = "no file of tree templates: " + file + ": " + why;
    return cause == null
        ? new DeftException(DeftException.USAGE, message)
        : new DeftException(DeftException.USAGE, message, cause);
  }
}

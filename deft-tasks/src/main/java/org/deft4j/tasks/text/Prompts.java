package org.deft4j.tasks.text;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.deft4j.search.spi.OptionSpec;
import org.deft4j.search.spi.Options;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;

/**
 * The words of a task's prompts: one text a stage, from the jar or from a user's folder.
 *
 * <p>A user's folder has a folder for each task that it changes, with files {@code STAGE.txt} in
 * UTF-8; stages without a file keep the built-in words. {@code {name}} stands for a field such as
 * {@code {problem}}, braces around anything else are plain text, and a file's last line break does
 * not count. The text of {@link #ROOT} comes first and is shared by all stages.
 */
public final class Prompts {
  /** The stage whose text all others follow: instruction, examples and the problem. */
  public static final String ROOT = "root";

  /** The option by which tasks take a user's folder. */
  public static final OptionSpec OPTION =
      new OptionSpec(
          "prompts", "", "folder with TASK/STAGE.txt files instead of the built-in ones");

  private static final Pattern FIELD = Pattern.compile("\\{([a-z]+)}");

  private final Map<String, String> texts;

  private Prompts(Map<String, String> texts) {
    this.texts = texts;
  }

  /** Prompts by stage, for a task that brings its own; the texts are used as they are. */
  public static Prompts of(Map<String, String> texts) {
    return new Prompts(new TreeMap<>(texts));
  }

  /**
   * The built-in prompts, with those of the option {@code prompts} in their place.
   *
   * @param owner a class beside whose package the resources lie, in {@code prompts/TASK/}
   * @param stages every stage of the task, {@link #ROOT} among them
   * @param fields every field that the task fills in
   * @throws DeftException with exit code 2, naming a folder, file, field or stage that is wrong
   */
  public static Prompts load(
      Class<?> owner, String task, List<String> stages, Set<String> fields, Options options) {
    Map<String, String> texts = new HashMap<>();
    for (String stage : stages) {
      texts.put(stage, resource(owner, "prompts/" + task + "/" + stage + ".txt"));
    }
    String folder = options.text("prompts", "");
    if (!folder.isEmpty()) {
      texts.putAll(read(Path.of(folder), task, stages, fields));
    }
    return new Prompts(texts);
  }

  private static String resource(Class<?> owner, String name) {
    try (InputStream in = owner.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks " + name);
      }
      return chomp(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new IllegalStateException("cannot read " + name, e);
    }
  }

  private static Map<String, String> read(
      Path folder, String task, List<String> stages, Set<String> fields) {
    Path own = folder.resolve(task);
    if (!Files.isDirectory(own)) {
      throw new DeftException(
          DeftException.USAGE, "prompts: there is no folder " + own + " with prompts of " + task);
    }
    Map<String, String> texts = new HashMap<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(own, "*.txt")) {
      for (Path file : files) {
        String name = file.getFileName().toString();
        String stage = name.substring(0, name.length() - 4);
        if (!stages.contains(stage)) {
          throw new DeftException(
              DeftException.USAGE,
              "prompts: " + file + " is no stage of " + task + "; it has " + join(stages));
        }
        texts.put(stage, checked(file, stage, fields));
      }
    } catch (IOException e) {
      throw new DeftException(DeftException.USAGE, "prompts: cannot read " + own + ": " + e, e);
    }
    if (texts.isEmpty()) {
      throw new DeftException(
          DeftException.USAGE, "prompts: " + own + " has no .txt file; stages are " + join(stages));
    }
    return texts;
  }

  private static String checked(Path file, String stage, Set<String> fields) throws IOException {
    String text;
    try {
      text = chomp(Files.readString(file));
    } catch (CharacterCodingException e) {
      throw new DeftException(DeftException.USAGE, "prompts: " + file + " is not UTF-8 text", e);
    }
    Matcher m = FIELD.matcher(text);
    while (m.find()) {
      if (!fields.contains(m.group(1))) {
        throw new DeftException(
            DeftException.USAGE,
            "prompts: %s has {%s}; fields are %s"
                .formatted(file, m.group(1), join(fields.stream().sorted().toList())));
      }
    }
    if (stage.equals(ROOT) && !text.contains("{problem}")) {
      throw new DeftException(
          DeftException.USAGE,
          "prompts: " + file + " has no {problem}: the model would not see it");
    }
    return text;
  }

  private static String join(List<String> names) {
    return String.join(", ", names);
  }

  private static String chomp(String text) {
    String unix = text.replace("\r\n", "\n");
    return unix.endsWith("\n") ? unix.substring(0, unix.length() - 1) : unix;
  }

  /** Whether there is a text for this stage. */
  public boolean has(String stage) {
    return texts.containsKey(stage);
  }

  /**
   * The words of a stage.
   *
   * @param fields what stands for each field; a field without a value stays as it is written
   */
  public String fill(String stage, Map<String, String> fields) {
    String text = texts.get(stage);
    if (text == null) {
      throw new IllegalArgumentException("no prompt for stage '" + stage + "'");
    }
    // One pass: a value that itself looks like a field is not filled again.
    return FIELD.matcher(text).replaceAll(m -> value(fields.get(m.group(1)), m.group()));
  }

  private static String value(@Nullable String value, String otherwise) {
    return Matcher.quoteReplacement(value == null ? otherwise : value);
  }
}

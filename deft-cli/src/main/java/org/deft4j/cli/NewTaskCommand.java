package org.deft4j.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.runtime.ModelCatalogue;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code deft new task}. */
@Command(
    name = "task",
    description = "Write a Maven project of a plugin with a task and an evaluator.",
    mixinStandardHelpOptions = true)
final class NewTaskCommand implements Callable<Integer> {
  private static final String NAME = "[a-z][a-z0-9]*(-[a-z0-9]+)*";

  /** Where Maven builds of this program put its artifacts, below the installation. */
  private static final String REPOSITORY = "target/local-repo";

  private final Context context;

  @Parameters(paramLabel = "NAME", description = "The task's name: small letters, digits, hyphens.")
  private String name = "";

  @Option(
      names = {"-o", "--output"},
      paramLabel = "DIR",
      description = "The project's folder (default: the task's name).")
  private @Nullable Path output;

  @Mixin private PluginOptions plugins = new PluginOptions();

  NewTaskCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (!name.matches(NAME)) {
      throw new IllegalArgumentException(
          "the name must be small letters, digits and hyphens, as in word-ladder, was '"
              + name
              + "'");
    }
    if (plugins
        .module(context, DeftOptions.of(ModelCatalogue.DEFAULT))
        .registry()
        .tasks()
        .containsKey(name)) {
      throw new IllegalArgumentException(
          "there is a task '" + name + "' already; take another name");
    }
    Path folder = output == null ? Path.of(name) : output;
    if (Files.exists(folder)) {
      throw new DeftException(
          DeftException.USAGE, folder + " exists already; name another folder with --output");
    }
    write(folder);
    PrintWriter out = context.terminal().out();
    out.println("wrote " + folder);
    out.println("build it:  mvn -q -f " + folder + " package");
    out.println(
        "run it:    deft run "
            + name
            + " --plugin "
            + folder.resolve("target/" + name + "-1.0.jar")
            + " --model FILE");
    Path repository = context.folders().home().orElse(Path.of("")).resolve(REPOSITORY);
    if (!Files.isDirectory(repository)) {
      context
          .terminal()
          .err()
          .println(
              "deft: "
                  + repository
                  + " with DeFT's artifacts is not there yet: 'mvn package' in a clone makes it");
    }
    return 0;
  }

  private void write(Path folder) {
    String type = type(name);
    String home = "org.example." + name.replace("-", "");
    Map<String, String> fields =
        Map.of(
            "name",
            name,
            "type",
            type,
            "package",
            home,
            "version",
            Version.text(),
            "repo",
            context
                .folders()
                .home()
                .orElse(Path.of(""))
                .toAbsolutePath()
                .resolve(REPOSITORY)
                .toUri()
                .toString());
    Path java = folder.resolve("src/main/java").resolve(home.replace('.', '/'));
    Map<Path, String> files = new LinkedHashMap<>();
    files.put(folder.resolve("pom.xml"), resource("pom.xml"));
    files.put(java.resolve(type + "Plugin.java"), resource("Plugin.java"));
    files.put(
        folder.resolve("src/main/resources/META-INF/services/org.deft4j.search.spi.DeftPlugin"),
        home + "." + type + "Plugin\n");
    files.forEach((file, template) -> {
      String text = template;
      for (Map.Entry<String, String> field : fields.entrySet()) {
        text = text.replace("{{" + field.getKey() + "}}", field.getValue());
      }
      try {
        Files.createDirectories(Objects.requireNonNull(file.getParent()));
        Files.writeString(file, text);
      } catch (IOException e) {
        throw new DeftException(
            DeftException.RUNTIME, "cannot write " + file + ": " + e.getMessage(), e);
      }
    });
  }

  /** {@code word-ladder} as {@code WordLadder}. */
  private static String type(String name) {
    StringBuilder type = new StringBuilder();
    for (String word : name.split("-")) {
      type.append(Character.toUpperCase(word.charAt(0))).append(word.substring(1));
    }
    return type.toString();
  }

  private static String resource(String name) {
    String path = "newtask/" + name + ".txt";
    try (InputStream in = NewTaskCommand.class.getResourceAsStream(path)) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks " + path);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new IllegalStateException("cannot read " + path, e);
    }
  }
}

package org.deft4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.deft4j.engine.json.JsonReader;
import org.deft4j.runtime.Deft;
import org.deft4j.runtime.Folders;
import org.deft4j.testing.ScriptedCodec;
import org.deft4j.testing.ScriptedDecoder;
import org.deft4j.testing.ScriptedModel;
import org.deft4j.tree.decode.TreeDecoder;
import org.jspecify.annotations.Nullable;

/** Runs commands in this process, with a scripted model unless a test asks for real ones. */
final class CliRunner {
  private static final Pattern LIST = Pattern.compile("Input: \\[([^]]*)]");

  private final Path home;
  private String in = "";
  private boolean terminals;
  private boolean real;
  private UnaryOperator<String> model = CliRunner::sorted;
  private UnaryOperator<TreeDecoder> wrapper = UnaryOperator.identity();
  private final Interrupt interrupt = new Interrupt();
  private final Map<String, String> env = new TreeMap<>();

  /** What a command did. */
  record Outcome(int code, String out, String err) {
    /** The document on standard output. */
    Map<?, ?> json() {
      return map(JsonReader.read(out));
    }

    /** The only result of a {@code run --json}. */
    Map<?, ?> result() {
      List<?> results = list(json(), "results");
      assertThat(results).hasSize(1);
      return map(results.getFirst());
    }
  }

  /** An object of a document. */
  static Map<?, ?> map(@Nullable Object value) {
    assertThat(value).isInstanceOf(Map.class);
    return (Map<?, ?>) Objects.requireNonNull(value);
  }

  /** An object's object. */
  static Map<?, ?> map(Map<?, ?> object, String name) {
    return map(object.get(name));
  }

  /** An object's list. */
  static List<?> list(Map<?, ?> object, String name) {
    assertThat(object.get(name)).isInstanceOf(List.class);
    return (List<?>) Objects.requireNonNull(object.get(name));
  }

  /** An object's integer. */
  static long number(Map<?, ?> object, String name) {
    return ((Number) Objects.requireNonNull(object.get(name))).longValue();
  }

  /** An object's fields, in order. */
  static List<String> fields(Map<?, ?> object) {
    return object.keySet().stream().map(String::valueOf).toList();
  }

  /**
   * A runner.
   *
   * @param home a folder for data and caches
   */
  CliRunner(Path home) {
    this.home = home;
  }

  /** Gives standard input. */
  CliRunner in(String text) {
    in = text;
    return this;
  }

  /** Makes standard output and error terminals. */
  CliRunner terminals() {
    terminals = true;
    return this;
  }

  /** Opens real models. */
  CliRunner realModels() {
    real = true;
    return this;
  }

  /** Sets what the scripted model answers to a list of digits. */
  CliRunner answers(UnaryOperator<String> answer) {
    model = answer;
    return this;
  }

  /** Puts something between the command and the scripted model. */
  CliRunner wraps(UnaryOperator<TreeDecoder> decoder) {
    wrapper = decoder;
    return this;
  }

  CliRunner env(String name, String value) {
    env.put(name, value);
    return this;
  }

  Interrupt interrupt() {
    return interrupt;
  }

  Outcome run(String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    Terminal terminal =
        new Terminal(
            new ByteArrayInputStream(in.getBytes(StandardCharsets.UTF_8)),
            new PrintWriter(out),
            new PrintWriter(err),
            terminals,
            terminals,
            env);
    Context.Opener opener =
        real ? Deft::open : (options, registry) -> new Deft(registry, wrapper.apply(decoder()));
    Folders folders = new Folders(Optional.empty(), home, home);
    int code = Cli.run(new Context(terminal, interrupt, folders, opener), args);
    return new Outcome(code, out.toString(), err.toString());
  }

  private ScriptedDecoder decoder() {
    ScriptedCodec codec = new ScriptedCodec("<|bos|>", "<|end|>");
    return new ScriptedDecoder(
        codec, ScriptedModel.canned(codec, (prompt, _) -> " [" + model.apply(list(prompt)) + "]"));
  }

  private static String list(String prompt) {
    String last = "";
    for (Matcher m = LIST.matcher(prompt); m.find(); ) {
      last = m.group(1);
    }
    return last;
  }

  static String sorted(String list) {
    String[] digits = list.split(", ");
    Arrays.sort(digits);
    return String.join(", ", digits);
  }
}

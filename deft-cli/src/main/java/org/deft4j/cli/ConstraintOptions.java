package org.deft4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.deft4j.runtime.JsonSchema;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.constrain.Grammar;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What the model may write. */
final class ConstraintOptions {
  @Option(
      names = "--regex",
      paramLabel = "REGEX",
      description = "Let a thought be nothing but what this regular expression matches as a whole.")
  private @Nullable String regex;

  @Option(
      names = "--grammar",
      paramLabel = "FILE",
      description = "Let a thought be nothing but what this grammar (GBNF) gives from 'root'.")
  private @Nullable Path grammar;

  @Option(
      names = "--json-schema",
      paramLabel = "FILE",
      description = "Let a thought be nothing but a JSON document of this schema.")
  private @Nullable Path schema;

  /**
   * The constraint, if one was given.
   *
   * @throws IllegalArgumentException for a bad one, naming the option
   */
  @Nullable Grammar grammar() {
    int given = (regex != null ? 1 : 0) + (grammar != null ? 1 : 0) + (schema != null ? 1 : 0);
    if (given > 1) {
      throw new IllegalArgumentException("give one of --regex, --grammar and --json-schema");
    }
    try {
      return regex != null
          ? Grammar.regex(regex)
          : grammar != null
              ? Grammar.gbnf(read("--grammar", grammar))
              : schema != null ? JsonSchema.grammar(read("--json-schema", schema)) : null;
    } catch (IllegalArgumentException e) {
      String option = regex != null ? "--regex" : grammar != null ? "--grammar" : "--json-schema";
      throw new IllegalArgumentException(option + ": " + e.getMessage(), e);
    }
  }

  private static String read(String option, Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new DeftException(
          DeftException.USAGE, option + ": cannot read " + file + ": " + e.getMessage(), e);
    }
  }
}

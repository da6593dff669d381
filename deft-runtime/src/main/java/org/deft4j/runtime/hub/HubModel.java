package org.deft4j.runtime.hub;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A model of the hub: {@code org/name}, {@code org/name@revision}, or with a file of a repository
 * that has several GGUF files, {@code org/name:file.gguf}.
 *
 * @param repository {@code org/name}
 * @param file which GGUF file, if one was named
 * @param revision a branch, a tag or a commit
 */
public record HubModel(String repository, Optional<String> file, String revision) {
  private static final String PART = "[A-Za-z0-9][A-Za-z0-9._-]{0,95}";
  private static final Pattern FORM =
      Pattern.compile(
          "("
              + PART
              + "/"
              + PART
              + ")(?::("
              + PART
              + "\\.gguf))?(?:@([A-Za-z0-9][A-Za-z0-9._/-]{0,127}))?");

  /** Parses a name; empty if it has not this form. */
  public static Optional<HubModel> parse(String name) {
    Matcher m = FORM.matcher(name);
    if (!m.matches() || name.contains("..") || name.contains("--") || name.contains("//")) {
      return Optional.empty();
    }
    String revision = m.group(3) == null ? "main" : m.group(3);
    return Optional.of(new HubModel(m.group(1), Optional.ofNullable(m.group(2)), revision));
  }

  /** The repository's folder in the cache. */
  String folder() {
    return "models--" + repository.replace("/", "--");
  }

  @Override
  public String toString() {
    return repository
        + file.map(f -> ":" + f).orElse("")
        + (revision.equals("main") ? "" : "@" + revision);
  }
}

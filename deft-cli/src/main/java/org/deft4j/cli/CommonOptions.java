package org.deft4j.cli;

import picocli.CommandLine.Option;

/** What every command that reports understands. */
final class CommonOptions {
  @Option(
      names = "--json",
      description = "Print one JSON document on standard output; all else goes to standard error.")
  private boolean json;

  boolean json() {
    return json;
  }
}

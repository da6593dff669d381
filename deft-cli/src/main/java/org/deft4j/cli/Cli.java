package org.deft4j.cli;

import java.io.PrintWriter;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Runs a command line in this process. Never exits and never prints a stack trace unasked. */
final class Cli {
  /** Environment variable that asks for stack traces. */
  static final String DEBUG = "DEFT_DEBUG";

  private Cli() {}

  /**
   * Runs one command.
   *
   * @return the exit code
   */
  static int run(Context context, String... args) {
    Terminal terminal = context.terminal();
    CommandLine line = commandLine(context);
    int code;
    try {
      code = line.execute(args);
    } catch (OutOfMemoryError e) {
      // The stack that needed the memory is gone; a line of text fits.
      code = fail(context, outOfMemory(e), e);
    }
    terminal.out().flush();
    terminal.err().flush();
    if (terminal.out().checkError() && code == 0) {
      terminal.err().println("deft: cannot write to standard output");
      code = DeftException.RUNTIME;
    }
    return context.interrupt().raised() ? Interrupt.EXIT_CODE : code;
  }

  static CommandLine commandLine(Context context) {
    CommandLine line = new CommandLine(new RootCommand(), new CommandFactory(context));
    line.setOut(context.terminal().out());
    line.setErr(context.terminal().err());
    line.setCaseInsensitiveEnumValuesAllowed(true);
    line.setUsageHelpAutoWidth(context.terminal().outIsTerminal());
    line.setColorScheme(
        CommandLine.Help.defaultColorScheme(
            context.terminal().colour() ? CommandLine.Help.Ansi.ON : CommandLine.Help.Ansi.OFF));
    line.setParameterExceptionHandler((e, _) -> usage(context, e));
    line.setExecutionExceptionHandler((e, _, _) -> fail(context, e, e));
    return line;
  }

  private static int usage(Context context, ParameterException e) {
    StringBuilder message = new StringBuilder(oneLine(e.getMessage()));
    if (e instanceof UnmatchedArgumentException u
        && e.getCommandLine().getParent() == null
        && !u.isUnknownOption()) {
      message.setLength(0);
      message.append("unknown command '").append(oneLine(u.getUnmatched().getFirst())).append('\'');
    }
    if (e instanceof UnmatchedArgumentException u && !u.getSuggestions().isEmpty()) {
      message.append("; did you mean ").append(String.join(" or ", u.getSuggestions())).append('?');
    }
    String command = e.getCommandLine().getCommandSpec().qualifiedName();
    PrintWriter err = context.terminal().err();
    err.println("deft: " + message + " (see '" + command + " --help')");
    return DeftException.USAGE;
  }

  private static int fail(Context context, Throwable e, Throwable origin) {
    PrintWriter err = context.terminal().err();
    int code = DeftException.RUNTIME;
    switch (e) {
      case DeftException d -> {
        code = d.exitCode();
        err.println("deft: " + oneLine(d.getMessage()));
      }
      case IllegalArgumentException i -> {
        code = DeftException.USAGE;
        err.println("deft: " + oneLine(i.getMessage()));
      }
      default ->
          err.println(
              "deft: internal error: "
                  + oneLine(e.toString())
                  + " (this is a defect; "
                  + DEBUG
                  + "=1 shows where)");
    }
    if (!context.terminal().env().getOrDefault(DEBUG, "").isEmpty()) {
      origin.printStackTrace(err);
    }
    return code;
  }

  private static DeftException outOfMemory(OutOfMemoryError e) {
    return new DeftException(
        DeftException.OUT_OF_MEMORY,
        "out of memory ("
            + e.getMessage()
            + "); give the Java heap more with DEFT_JAVA_OPTS=-Xmx8g, or use a smaller model");
  }

  /** A text as part of one line: no line breaks and no control characters. */
  static String oneLine(@Nullable String text) {
    return text == null
        ? "unknown error"
        : text.strip().replaceAll("\\s*[\\r\\n]+\\s*", " ").replaceAll("\\p{Cntrl}", "?");
  }
}

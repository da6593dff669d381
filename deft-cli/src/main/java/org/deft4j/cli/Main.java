package org.deft4j.cli;

/** The process: runs the command line and exits with its code. */
public final class Main {
  private Main() {}

  /**
   * Runs a command and exits.
   *
   * @param args what stands behind {@code deft}
   */
  public static void main(String[] args) {
    Terminal terminal = Terminal.ofProcess();
    Interrupt interrupt = Interrupt.ofProcess();
    int code = Cli.run(new Context(terminal, interrupt), args);
    // After Ctrl-C the virtual machine is already on its way out, with the code for that signal.
    if (!interrupt.finish()) {
      System.exit(code);
    }
  }
}

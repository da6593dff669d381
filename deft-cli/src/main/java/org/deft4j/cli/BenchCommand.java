package org.deft4j.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code deft bench}: only its subcommands do something. */
@Command(
    name = "bench",
    description =
        "Measure: the traffic and the time of attention and of decoding, and how often searches"
            + " find right answers.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      BenchIoCommand.class,
      BenchAttentionCommand.class,
      BenchDecodeCommand.class,
      BenchReplayCommand.class,
      BenchTasksCommand.class
    })
final class BenchCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "which benchmark?");
  }
}

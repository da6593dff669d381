package org.deft4j.cli;

import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code deft} itself: only its subcommands do something. */
@Command(
    name = "deft",
    description =
        "Tree-of-thoughts reasoning on an engine whose attention reads every shared prefix once.",
    mixinStandardHelpOptions = true,
    versionProvider = Version.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      RunCommand.class,
      ResumeCommand.class,
      EvalCommand.class,
      ViewCommand.class,
      NewCommand.class,
      GenerateCommand.class,
      ChatCommand.class,
      PerplexityCommand.class,
      ConvertCommand.class,
      TasksCommand.class,
      StrategiesCommand.class,
      ModelsCommand.class,
      DoctorCommand.class,
      BenchCommand.class,
      PlotCommand.class,
      WarmUpCommand.class,
      HelpCommand.class,
      AutoComplete.GenerateCompletion.class
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done (a search that found no solution too, unless --require-solved)",
      "1:failed, or not solved with --require-solved",
      "2:wrong usage or input",
      "3:model not found",
      "4:model broken or not supported",
      "5:too little memory (a search that it ended tells its best so far)",
      "6:backend not usable here",
      "130:interrupted"
    },
    footer = {"", "Begin with 'deft run sorting'; 'deft doctor' shows what would run and why."})
final class RootCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "which command?");
  }
}

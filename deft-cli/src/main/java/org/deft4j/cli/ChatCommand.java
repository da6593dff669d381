package org.deft4j.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.deft4j.engine.chat.ChatTemplate;
import org.deft4j.engine.json.JsonWriter;
import org.deft4j.runtime.Deft;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.runtime.Registry;
import org.deft4j.runtime.text.ChatSession;
import org.deft4j.runtime.text.Prompts;
import org.deft4j.runtime.text.Reasoning;
import org.deft4j.runtime.text.TextGenerator;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.DecodeSpec;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code deft chat}. */
@Command(
    name = "chat",
    description = {
      "Talk to a chat model by its own template: each line of standard input is a turn.",
      "Lines that begin with a slash are commands: /reset forgets the conversation, /exit ends."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class ChatCommand implements Callable<Integer> {
  private final Context context;

  @Option(names = "--system", paramLabel = "TEXT", description = "The system prompt.")
  private @Nullable String system;

  /** Whether a model that can think before it answers should. */
  enum Thinking {
    AUTO,
    ON,
    OFF
  }

  @Option(
      names = "--thinking",
      paramLabel = "WHEN",
      defaultValue = "AUTO",
      description =
          "on or off: whether a model that can thinks before it answers (default: its own).")
  private Thinking thinking = Thinking.AUTO;

  @Option(
      names = "--hide-thinking",
      description = "Do not show thoughts; they are shown on standard error, not with the answers.")
  private boolean hideThinking;

  @Mixin private SamplingOptions sampling = new SamplingOptions();
  @Mixin private ModelOptions model = new ModelOptions();
  @Mixin private PluginOptions plugins = new PluginOptions();

  @Option(
      names = "--json",
      description =
          "Print a JSON document a line for each answer, thoughts in a field of their own.")
  private boolean json;

  ChatCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() throws IOException {
    sampling.check();
    DeftOptions options = model.toDeftOptions();
    Registry registry = plugins.module(context, options).registry();
    try (Deft deft = context.open(options, registry)) {
      var codec = deft.decoder().codec();
      ChatTemplate template =
          deft.metadata()
              .flatMap(m -> ChatTemplate.of(m, codec))
              .orElseThrow(() ->
                  new DeftException(
                      DeftException.USAGE,
                      "the model "
                          + options.model()
                          + " brings no chat template; use 'deft generate'"));
      ChatSession session = new ChatSession(deft.decoder(), template, wanted());
      if (system != null) {
        session.system(system);
      }
      DecodeSpec spec = sampling.spec(deft.metadata(), Prompts.ends(deft.metadata(), codec));
      talk(deft, session, spec);
    }
    return context.interrupt().raised() ? Interrupt.EXIT_CODE : 0;
  }

  private @Nullable Boolean wanted() {
    return switch (thinking) {
      case AUTO -> null;
      case ON -> true;
      case OFF -> false;
    };
  }

  private void talk(Deft deft, ChatSession session, DecodeSpec spec) throws IOException {
    Terminal terminal = context.terminal();
    BufferedReader in =
        new BufferedReader(new InputStreamReader(terminal.in(), StandardCharsets.UTF_8));
    while (!context.interrupt().raised()) {
      if (terminal.errIsTerminal()) {
        terminal.err().print("> ");
        terminal.err().flush();
      }
      String line = in.readLine();
      if (line == null || line.strip().equals("/exit")) {
        return;
      }
      switch (line.strip()) {
        case "" -> {}
        case "/reset" -> session.reset();
        default -> {
          if (line.startsWith("/")) {
            terminal.err().println("deft: no command '" + Cli.oneLine(line) + "': /reset, /exit");
          } else {
            turn(deft, session, spec, line);
          }
        }
      }
    }
  }

  private void turn(Deft deft, ChatSession session, DecodeSpec spec, String text) {
    PrintWriter out = context.terminal().out();
    PrintWriter err = context.terminal().err();
    TextGenerator generator = new TextGenerator(deft.decoder());
    context.interrupt().onRaise(generator::cancel);
    ChatSession.Answer answer =
        session.ask(
            text,
            spec,
            generator,
            new Reasoning.Listener() {
              private boolean thought;

              @Override
              public void thought(String part) {
                if (!json && !hideThinking) {
                  err.print(part);
                  err.flush();
                  thought = true;
                }
              }

              @Override
              public void answer(String part) {
                if (!json) {
                  if (thought) {
                    err.println();
                    err.flush();
                    thought = false;
                  }
                  out.print(part);
                  out.flush();
                }
              }
            });
    if (json) {
      Map<String, Object> map = new LinkedHashMap<>();
      map.put("answer", answer.text());
      map.put("thoughts", answer.thoughts());
      map.put("promptTokens", answer.promptTokens());
      Map<String, Object> how = GenerateCommand.result(answer.generated());
      how.remove("text");
      map.putAll(how);
      out.println(JsonWriter.line(map));
    } else {
      out.println();
    }
    out.flush();
  }
}

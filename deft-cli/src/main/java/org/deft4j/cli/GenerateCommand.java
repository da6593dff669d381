package org.deft4j.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.deft4j.engine.json.JsonWriter;
import org.deft4j.runtime.Deft;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.runtime.Registry;
import org.deft4j.runtime.text.Prompts;
import org.deft4j.runtime.text.TextGenerator;
import org.deft4j.tree.DeftException;
import org.deft4j.tree.decode.DecodeSpec;
import org.deft4j.tree.decode.FinishReason;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code deft generate}. */
@Command(
    name = "generate",
    description = "Continue a text. For instructions to a chat model use 'deft chat'.",
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class GenerateCommand implements Callable<Integer> {
  private final Context context;

  @Parameters(
      paramLabel = "PROMPT",
      arity = "0..1",
      description = "The text to continue; without it, or as -, standard input.")
  private @Nullable String prompt;

  @Mixin private SamplingOptions sampling = new SamplingOptions();

  @Option(
      names = "--samples",
      paramLabel = "N",
      defaultValue = "1",
      description = "Continue N times side by side; the prompt is computed once (default 1).")
  private int samples = 1;

  @Option(
      names = "--special",
      description = "Take special tokens spelled in the prompt, such as <|im_end|>, for tokens.")
  private boolean special;

  @Mixin private ModelOptions model = new ModelOptions();
  @Mixin private PluginOptions plugins = new PluginOptions();
  @Mixin private CommonOptions common = new CommonOptions();

  GenerateCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() throws IOException {
    sampling.check();
    if (samples < 1 || samples > 4096) {
      throw new IllegalArgumentException("--samples must be 1 to 4096, was " + samples);
    }
    DeftOptions options = model.toDeftOptions();
    Registry registry = plugins.module(context, options).registry();
    String text = prompt;
    if (text == null || text.equals("-")) {
      text = new String(context.terminal().in().readAllBytes(), StandardCharsets.UTF_8);
    }
    try (Deft deft = context.open(options, registry)) {
      var codec = deft.decoder().codec();
      int[] tokens = special ? codec.encodePrompt(text, true) : Prompts.ofText(text, codec);
      if (tokens.length == 0) {
        throw new IllegalArgumentException("the prompt is empty");
      }
      DecodeSpec spec = sampling.spec(deft.metadata(), Prompts.ends(deft.metadata(), codec));
      TextGenerator generator = new TextGenerator(deft.decoder());
      context.interrupt().onRaise(generator::cancel);
      boolean streams = samples == 1 && !common.json();
      PrintWriter out = context.terminal().out();
      List<TextGenerator.Continuation> all =
          generator.run(
              tokens,
              spec,
              samples,
              (_, part) -> {
                if (streams) {
                  out.print(part);
                  out.flush();
                }
              });
      report(out, options, tokens.length, all, streams);
      return all.stream().anyMatch(c -> c.finish() == FinishReason.CANCELLED)
          ? Interrupt.EXIT_CODE
          : 0;
    } catch (IllegalStateException e) {
      throw new DeftException(DeftException.RUNTIME, String.valueOf(e.getMessage()), e);
    }
  }

  private void report(
      PrintWriter out,
      DeftOptions options,
      int promptTokens,
      List<TextGenerator.Continuation> all,
      boolean streamed) {
    if (common.json()) {
      Map<String, Object> report = new LinkedHashMap<>();
      report.put("model", options.model());
      report.put("seed", sampling.seed());
      report.put("promptTokens", promptTokens);
      List<Object> results = new ArrayList<>();
      for (TextGenerator.Continuation c : all) {
        results.add(result(c));
      }
      report.put("results", results);
      out.println(JsonWriter.document(report));
    } else if (streamed) {
      out.println();
    } else {
      for (int i = 0; i < all.size(); i++) {
        out.println("--- " + (i + 1));
        out.println(all.get(i).text());
      }
    }
    out.flush();
  }

  /** A continuation for a document. */
  static Map<String, Object> result(TextGenerator.Continuation c) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("text", c.text());
    map.put("finish", c.finish().name().toLowerCase(java.util.Locale.ROOT).replace('_', '-'));
    map.put("tokens", c.tokens());
    map.put("logProb", c.logProb());
    return map;
  }
}

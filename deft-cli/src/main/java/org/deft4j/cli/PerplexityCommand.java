package org.deft4j.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.deft4j.engine.json.JsonWriter;
import org.deft4j.runtime.Deft;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.runtime.Registry;
import org.deft4j.runtime.text.Perplexity;
import org.deft4j.runtime.text.Prompts;
import org.deft4j.tree.DeftException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code deft perplexity}. */
@Command(
    name = "perplexity",
    description = {
      "Measure how well a model foretells a text; lower is better.",
      "The text is computed in windows, of which the second half counts, as llama.cpp's tool does."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class PerplexityCommand implements Callable<Integer> {
  private final Context context;

  @Parameters(paramLabel = "FILE", description = "A text in UTF-8.")
  private Path file = Path.of("");

  @Option(
      names = "--window",
      paramLabel = "N",
      defaultValue = "0",
      description = "Tokens a window (default 512, or the model's context if that is less).")
  private int window;

  @Mixin private ModelOptions model = new ModelOptions();
  @Mixin private PluginOptions plugins = new PluginOptions();
  @Mixin private CommonOptions common = new CommonOptions();

  PerplexityCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    String text;
    try {
      text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new DeftException(
          DeftException.USAGE, "cannot read " + file + ": " + e.getMessage(), e);
    }
    DeftOptions options = model.toDeftOptions();
    Registry registry = plugins.module(context, options).registry();
    try (Deft deft = context.open(options, registry)) {
      int n = window > 0 ? window : Math.min(512, deft.decoder().capabilities().contextLength());
      int[] tokens = Prompts.ofText(text, deft.decoder().codec());
      LiveView view = LiveView.of(context, "");
      Perplexity.Result r =
          Perplexity.of(
              deft.decoder(),
              tokens,
              n,
              (done, of, soFar) -> {
                if (context.terminal().canRedraw()) {
                  view.show("window %d of %d, perplexity %.4f".formatted(done, of, soFar));
                }
              });
      view.clear();
      if (common.json()) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("model", options.model());
        map.put("file", file.toString());
        map.put("window", n);
        map.put("windows", r.windows());
        map.put("tokens", r.tokens());
        map.put("perplexity", r.perplexity());
        map.put("error", r.error());
        context.terminal().out().println(JsonWriter.document(map));
      } else {
        context
            .terminal()
            .out()
            .printf(
                "perplexity %.4f +- %.4f (%d tokens in %d windows of %d)%n",
                r.perplexity(), r.error(), r.tokens(), r.windows(), n);
      }
    }
    return 0;
  }
}

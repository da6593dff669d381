package org.deft4j.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.deft4j.engine.convert.Converter;
import org.deft4j.engine.gguf.TensorType;
import org.deft4j.engine.json.JsonWriter;
import org.deft4j.engine.source.ModelSource;
import org.deft4j.tree.DeftException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code deft convert}. */
@Command(
    name = "convert",
    description = {
      "Write a model as one GGUF file, in another type of weights if wanted.",
      "Vectors stay float32. With q4_k the output matrix gets q6_k. Rows that are no multiple of"
          + " 256 get q8_0 in place of q4_k and q6_k."
    },
    mixinStandardHelpOptions = true,
    sortOptions = false)
final class ConvertCommand implements Callable<Integer> {
  private final Context context;

  /** What can be written. */
  enum Type {
    F32,
    F16,
    BF16,
    Q8_0,
    Q4_K,
    Q6_K
  }

  @Parameters(
      index = "0",
      paramLabel = "MODEL",
      description =
          "A folder with config.json and safetensors, a GGUF file, or a model of the hub.")
  private String model = "";

  @Parameters(index = "1", paramLabel = "FILE", description = "The GGUF file to write.")
  private Path file = Path.of("");

  @Option(
      names = "--type",
      paramLabel = "TYPE",
      defaultValue = "F16",
      description = "f32, f16, bf16, q8_0, q4_k or q6_k (default f16).")
  private Type type = Type.F16;

  @Option(names = "--force", description = "Replace the file if it is there.")
  private boolean force;

  @Mixin private CommonOptions common = new CommonOptions();

  ConvertCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (Files.exists(file) && !force) {
      throw new DeftException(
          DeftException.USAGE, file + " is there already; give --force to replace it");
    }
    Path from = context.resolve(model);
    LiveView view = LiveView.of(context, "");
    long before;
    long after;
    try (ModelSource source = ModelSource.open(from)) {
      before = source.size();
      TensorType as = TensorType.valueOf(type.name());
      after =
          new Converter(
                  source,
                  as,
                  (n, of, name) -> {
                    if (context.terminal().canRedraw()) {
                      view.show("%d of %d, %s".formatted(n, of, name));
                    }
                  })
              .writeTo(file);
    } catch (IOException e) {
      throw new DeftException(
          DeftException.RUNTIME, "cannot write " + file + ": " + e.getMessage(), e);
    }
    view.clear();
    if (common.json()) {
      Map<String, Object> map = new LinkedHashMap<>();
      map.put("model", model);
      map.put("file", file.toString());
      map.put("type", type.name());
      map.put("bytesBefore", before);
      map.put("bytes", after);
      context.terminal().out().println(JsonWriter.document(map));
    } else {
      context
          .terminal()
          .out()
          .printf(
              "%s: %s as %s (was %s)%n",
              file,
              Format.bytes(after),
              type.name().toLowerCase(Locale.ROOT),
              Format.bytes(before));
    }
    return 0;
  }
}

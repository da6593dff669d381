package org.deft4j.cli;

import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.deft4j.engine.EngineOptions;
import org.deft4j.engine.MappedWeights;
import org.deft4j.engine.ModelNeeds;
import org.deft4j.engine.json.JsonWriter;
import org.deft4j.engine.source.ModelSource;
import org.deft4j.kernels.Backend;
import org.deft4j.kernels.BackendOptions;
import org.deft4j.kernels.BackendProvider;
import org.deft4j.kernels.Backends;
import org.deft4j.kernels.cpu.WeightCache;
import org.deft4j.kernels.cpu.WeightFiles;
import org.deft4j.runtime.DeftModule;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.runtime.LoadedPlugin;
import org.deft4j.runtime.ModelCatalogue;
import org.deft4j.runtime.Registry;
import org.deft4j.runtime.ShippedModel;
import org.deft4j.tree.DeftException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code deft doctor}. */
@Command(
    name = "doctor",
    description = "Show what DeFT finds on this machine, what would run and why.",
    mixinStandardHelpOptions = true)
final class DoctorCommand implements Callable<Integer> {
  private final Context context;

  @Option(
      names = "--model",
      paramLabel = "MODEL",
      description = "Show also what this model will need, without loading it.")
  private @Nullable String model;

  @Mixin private PluginOptions plugins = new PluginOptions();
  @Mixin private CommonOptions common = new CommonOptions();

  DoctorCommand(Context context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    DeftModule module = plugins.module(context, DeftOptions.of(ModelCatalogue.DEFAULT));
    Registry registry = module.registry();
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("version", Version.text());
    report.put("java", java());
    report.put("machine", machine());
    report.put("memory", memory());
    report.put("backends", backends());
    report.put("models", models());
    if (model != null) {
      try (ModelSource source = ModelSource.open(context.resolve(model))) {
        EngineOptions options =
            EngineOptions.of(context.resolve(model))
                .withWeightCache(context.folders().weights().folder());
        WeightFiles mapped = MappedWeights.of(source, options).orElse(null);
        report.put("model", ModelNeeds.of(source).toMap(mapped));
      }
    }
    report.put("weights", weights());
    report.put("attention", List.copyOf(registry.attention().keySet()));
    report.put("tasks", List.copyOf(registry.tasks().keySet()));
    report.put("strategies", List.copyOf(registry.strategies().keySet()));
    report.put("evaluators", List.copyOf(registry.evaluators().keySet()));
    report.put("plugins", module.plugins().stream().map(DoctorCommand::plugin).toList());
    report.put("folders", folders());
    PrintWriter out = context.terminal().out();
    if (common.json()) {
      out.println(JsonWriter.document(report));
    } else {
      print(out, report);
    }
    return 0;
  }

  private static Map<String, Object> java() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("version", Runtime.version().toString());
    map.put("vendor", System.getProperty("java.vendor"));
    map.put("home", System.getProperty("java.home"));
    map.put("vm", System.getProperty("java.vm.name"));
    map.put("vectorModule", ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent());
    return map;
  }

  private static Map<String, Object> machine() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("os", System.getProperty("os.name"));
    map.put("arch", System.getProperty("os.arch"));
    map.put("processors", Runtime.getRuntime().availableProcessors());
    return map;
  }

  private static Map<String, Object> memory() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("heapMaxBytes", Runtime.getRuntime().maxMemory());
    if (ManagementFactory.getOperatingSystemMXBean()
        instanceof com.sun.management.OperatingSystemMXBean os) {
      map.put("totalBytes", os.getTotalMemorySize());
      map.put("freeBytes", os.getFreeMemorySize());
    }
    return map;
  }

  /** Every backend, best first: which would run, and why not the others. */
  private static List<Map<String, Object>> backends() {
    List<Map<String, Object>> rows = new ArrayList<>();
    boolean chosen = false;
    for (BackendProvider p : Backends.providers()) {
      Optional<String> unusable = p.unusable(BackendOptions.defaults());
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("name", p.name());
      row.put("usable", unusable.isEmpty());
      row.put("chosen", unusable.isEmpty() && !chosen);
      if (unusable.isPresent()) {
        row.put("why", unusable.get());
      } else {
        row.put("why", chosen ? "a faster one is usable" : "the fastest that is usable");
        try (Backend backend = p.open(BackendOptions.defaults())) {
          row.put("description", backend.info().description());
          row.put("vectorBits", backend.info().vectorBits());
          row.put("threads", backend.info().threads());
          row.putAll(backend.diagnostics());
        } catch (DeftException e) {
          row.put("usable", false);
          row.put("chosen", false);
          row.put("why", e.getMessage());
          rows.add(row);
          continue;
        }
        chosen = true;
      }
      rows.add(row);
    }
    return rows;
  }

  private List<Map<String, Object>> models() {
    ModelCatalogue catalogue = new ModelCatalogue(context.folders());
    List<Map<String, Object>> rows = new ArrayList<>();
    for (ShippedModel m : catalogue.models()) {
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("name", m.name());
      row.put("bytes", m.bytes());
      row.put("file", catalogue.resolve(m.name()).toString());
      rows.add(row);
    }
    return rows;
  }

  /** Repacked weights of all models. */
  private Map<String, Object> weights() {
    WeightCache cache = context.folders().weights();
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("folder", cache.folder().toString());
    map.put("bytes", cache.bytes());
    map.put("clear", "delete the folder, at any time");
    return map;
  }

  private static Map<String, Object> plugin(LoadedPlugin p) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("id", p.id());
    map.put("apiVersion", p.plugin().apiVersion());
    map.put("source", p.source());
    return map;
  }

  private Map<String, Object> folders() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("home", context.folders().home().map(Object::toString).orElse(null));
    map.put("data", context.folders().data().toString());
    map.put("cache", context.folders().cache().toString());
    return map;
  }

  /** The same report for people: one line a field, lists of records one line a record. */
  private static void print(PrintWriter out, Map<String, Object> report) {
    report.forEach((name, value) -> {
      switch (value) {
        case Map<?, ?> map -> out.printf("%-11s %s%n", name, fields(map));
        case List<?> list when list.stream().allMatch(v -> v instanceof Map) -> {
          String label = name;
          for (Object row : list) {
            out.printf("%-11s %s%n", label, fields((Map<?, ?>) row));
            label = "";
          }
          if (list.isEmpty()) {
            out.printf("%-11s none%n", name);
          }
        }
        case List<?> list ->
            out.printf(
                "%-11s %s%n", name, String.join(", ", list.stream().map(String::valueOf).toList()));
        default -> out.printf("%-11s %s%n", name, value);
      }
    });
  }

  private static String fields(Map<?, ?> map) {
    List<String> parts = new ArrayList<>();
    map.forEach((k, v) -> {
      if (v instanceof Number n && k.toString().toLowerCase(Locale.ROOT).endsWith("bytes")) {
        String label = k.toString().replaceFirst("[bB]ytes$", "");
        parts.add((label.isEmpty() ? "size" : label) + " " + Format.bytes(n.longValue()));
      } else {
        parts.add(k + " " + v);
      }
    });
    return String.join(", ", parts);
  }
}

package org.deft4j.cli;

import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.deft4j.runtime.Deft;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.runtime.ModelCatalogue;
import org.deft4j.runtime.trace.TraceHeader;
import org.deft4j.runtime.trace.TraceWriter;
import org.deft4j.search.event.SearchListener;
import org.deft4j.tree.constrain.Grammar;
import org.jspecify.annotations.Nullable;

/** The trace of one search, if one is wanted. */
final class Tracing implements AutoCloseable {
  private final @Nullable TraceWriter writer;

  private Tracing(@Nullable TraceWriter writer) {
    this.writer = writer;
  }

  /**
   * A trace.
   *
   * @param file where it goes; null for none
   * @param number which of several searches it is, from 1; 0 for the only one
   */
  static Tracing of(@Nullable Path file, int number, Supplier<TraceHeader> header) {
    return new Tracing(
        file == null ? null : TraceWriter.create(numbered(file, number), header.get()));
  }

  /** The file of one of several searches: its number stands before the extension. */
  static Path numbered(Path file, int number) {
    if (number == 0) {
      return file;
    }
    String name = file.getFileName().toString();
    int dot = name.lastIndexOf('.');
    int at = dot <= 0 ? name.length() : dot;
    return file.resolveSibling(name.substring(0, at) + "-" + number + name.substring(at));
  }

  SearchListener listener() {
    return writer == null ? SearchListener.NONE : writer;
  }

  @Override
  public void close() {
    if (writer != null) {
      writer.close();
    }
  }

  /** The constraint that a trace's search was under. */
  static @Nullable Grammar constraint(TraceHeader header) {
    String kind = header.engine().get("constraint");
    return kind == null
        ? null
        : Grammar.of(
            Grammar.Kind.valueOf(kind), header.engine().getOrDefault("constraintText", ""));
  }

  /** Hash of the model's file; empty where the model is no file. */
  static String fingerprint(Context context, Deft deft, String model) {
    return deft.engine().isEmpty()
        ? ""
        : ModelCatalogue.checksum(new ModelCatalogue(context.folders()).resolve(model));
  }

  /** What else decides what a model writes. */
  static Map<String, String> engine(Deft deft, DeftOptions options, @Nullable Grammar grammar) {
    Map<String, String> map = new TreeMap<>();
    if (grammar != null) {
      map.put("constraint", grammar.kind().name());
      map.put("constraintText", grammar.source());
    }
    map.put("attention", options.engine().attention().label());
    map.put("deterministic", "" + options.engine().deterministic());
    if (options.engine().int8Activations()) {
      map.put("int8Activations", "true");
    }
    deft.engine()
        .ifPresent(e -> {
          map.put("backend", e.backend().name());
          map.put("kvType", e.kvType().name());
        });
    return map;
  }
}

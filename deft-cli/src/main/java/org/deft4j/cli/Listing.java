package org.deft4j.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deft4j.engine.json.JsonWriter;
import org.deft4j.search.spi.OptionSpec;

/**
 * Things that can be chosen by name, as text or JSON.
 *
 * @param name the name
 * @param description one line
 * @param options what can be set
 */
record Listing(String name, String description, List<OptionSpec> options) {

  /** Prints a table, or with {@code json} a document {@code {"kind": [{"name", ...}]}}. */
  static void print(Context context, boolean json, Map<String, List<Listing>> kinds) {
    PrintWriter out = context.terminal().out();
    if (json) {
      Map<String, Object> document = new LinkedHashMap<>();
      kinds.forEach((kind, rows) -> document.put(kind, rows.stream().map(Listing::map).toList()));
      out.println(JsonWriter.document(document));
      return;
    }
    boolean several = kinds.size() > 1;
    kinds.forEach((kind, rows) -> {
      if (several) {
        out.println(kind + ":");
      }
      rows.forEach(row -> row.print(out));
      if (rows.isEmpty()) {
        out.println("  none");
      }
    });
  }

  private void print(PrintWriter out) {
    out.printf("  %-18s %s%n", name, description);
    for (OptionSpec o : options) {
      String otherwise = o.defaultValue().isEmpty() ? "" : " (default " + o.defaultValue() + ")";
      out.printf("    %-16s %s%s%n", o.name(), o.description(), otherwise);
    }
  }

  private Map<String, Object> map() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", name);
    map.put("description", description);
    List<Object> list = new ArrayList<>();
    for (OptionSpec o : options) {
      Map<String, Object> option = new LinkedHashMap<>();
      option.put("name", o.name());
      option.put("default", o.defaultValue().isEmpty() ? null : o.defaultValue());
      option.put("description", o.description());
      list.add(option);
    }
    map.put("options", list);
    return map;
  }
}

package org.deft4j.cli.report;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.deft4j.engine.json.JsonWriter;
import org.deft4j.tree.DeftException;

/**
 * Searches as one HTML file that needs nothing else: no network, no other file. Data, style and
 * script are inside, and its policy forbids everything that is not.
 */
public final class HtmlReport {
  private HtmlReport() {}

  /**
   * Writes a report.
   *
   * @param title of the page
   * @param logs at least one search
   * @throws DeftException with exit code 1 if the file cannot be written, naming it
   */
  public static void write(Path file, String title, List<SearchLog> logs) {
    if (logs.isEmpty()) {
      throw new IllegalArgumentException("a report needs a search");
    }
    try {
      Files.writeString(file, page(title, logs));
    } catch (IOException e) {
      throw new DeftException(
          DeftException.RUNTIME, "cannot write the report " + file + ": " + e.getMessage(), e);
    }
  }

  static String page(String title, List<SearchLog> logs) {
    String data = JsonWriter.line(logs.stream().map(SearchLog::data).toList());
    // Within a script element a text may hold anything but an end tag or a comment's beginning.
    String safe = data.replace("<", "\\u003c").replace("\u2028", "\\u2028");
    String page = resource("report.html");
    int at = page.indexOf("{{data}}");
    return page.substring(0, at)
            .replace("{{title}}", escaped(title))
            .replace("{{css}}", resource("report.css"))
        + safe
        + page.substring(at + 8).replace("{{js}}", resource("report.js"));
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
  }

  private static String resource(String name) {
    try (InputStream in = HtmlReport.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks " + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      throw new IllegalStateException("cannot read " + name, e);
    }
  }
}

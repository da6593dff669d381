package org.deft4j.bench.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Something to draw: lines or bars over one axis.
 *
 * @param name of the file to draw it to, without an ending: letters, digits, hyphens, dots and
 *     underscores
 * @param title above it
 * @param kind how
 * @param xTitle of the axis, with its unit
 * @param yTitle of the axis, with its unit
 * @param series what is drawn
 */
public record Chart(
    String name, String title, Kind kind, String xTitle, String yTitle, List<Series> series) {
  /** How a chart is drawn. */
  public enum Kind {
    /** Points joined by lines, numbers on both axes. */
    LINES,
    /** A few marked points joined by lines; the x axis is logarithmic where all x are above 0. */
    CURVES,
    /** Groups of bars over texts. */
    BARS
  }

  /**
   * One line, or one bar of each group.
   *
   * @param name in the legend
   * @param x numbers, for bars texts
   * @param y as many numbers
   */
  public record Series(String name, List<?> x, List<? extends Number> y) {
    /** Copies the lists. */
    public Series {
      if (x.size() != y.size()) {
        throw new IllegalArgumentException(
            "series " + name + " has " + x.size() + " x and " + y.size() + " y");
      }
      x = List.copyOf(x);
      y = List.copyOf(y);
    }
  }

  /** Copies the list. */
  public Chart {
    if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]*")) {
      throw new IllegalArgumentException("'" + name + "' is no name for a chart");
    }
    series = List.copyOf(series);
  }

  Map<String, Object> toMap() {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("name", name);
    map.put("title", title);
    map.put("kind", kind.name().toLowerCase(java.util.Locale.ROOT));
    map.put("x", xTitle);
    map.put("y", yTitle);
    List<Object> list = new ArrayList<>();
    for (Series s : series) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("name", s.name());
      one.put("x", s.x());
      one.put("y", s.y());
      list.add(one);
    }
    map.put("series", list);
    return map;
  }

  /**
   * The charts of a document.
   *
   * @throws IllegalArgumentException if it is no document of this format and version
   */
  public static List<Chart> read(@org.jspecify.annotations.Nullable Object document) {
    if (!(document instanceof Map<?, ?> d) || !Report.FORMAT.equals(d.get("format"))) {
      throw new IllegalArgumentException(
          "no results of deft bench (--json, --out) are in it; its field format is missing");
    }
    if (!Long.valueOf(Report.VERSION).equals(d.get("version"))) {
      throw new IllegalArgumentException(
          "it is of version " + d.get("version") + "; this build reads " + Report.VERSION);
    }
    List<Chart> charts = new ArrayList<>();
    try {
      for (Object o : list(d.get("charts"))) {
        Map<?, ?> c = (Map<?, ?>) o;
        List<Series> series = new ArrayList<>();
        for (Object s : list(c.get("series"))) {
          Map<?, ?> one = (Map<?, ?>) s;
          List<Number> y = new ArrayList<>();
          for (Object v : list(one.get("y"))) {
            y.add((Number) v);
          }
          series.add(new Series(text(one, "name"), list(one.get("x")), y));
        }
        charts.add(
            new Chart(
                text(c, "name"),
                text(c, "title"),
                Kind.valueOf(text(c, "kind").toUpperCase(java.util.Locale.ROOT)),
                text(c, "x"),
                text(c, "y"),
                series));
      }
    } catch (ClassCastException | NullPointerException e) {
      throw new IllegalArgumentException("its charts are broken: " + e.getMessage(), e);
    }
    return charts;
  }

  private static List<?> list(@org.jspecify.annotations.Nullable Object value) {
    if (value instanceof List<?> l) {
      return l;
    }
    throw new IllegalArgumentException("a list is missing in its charts");
  }

  private static String text(Map<?, ?> map, String key) {
    if (map.get(key) instanceof String s) {
      return s;
    }
    throw new IllegalArgumentException("'" + key + "' is missing in its charts");
  }
}

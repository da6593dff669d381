package org.deft4j.cli.report;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Steps over time, a bounded number of points however long the search takes: neighbours are joined
 * when there are too many. Widths and bytes of a point are the most of its steps, rates their mean.
 */
final class Timeline {
  private static final int MOST = 1200;

  private List<Point> points = new ArrayList<>();
  private int stride = 1;
  private int pending;

  /** Steps up to a time. */
  private record Point(double t, int live, long decoded, long kv, long shared) {
    Point join(Point later) {
      return new Point(
          later.t,
          Math.max(live, later.live),
          later.decoded,
          Math.max(kv, later.kv),
          Math.max(shared, later.shared));
    }
  }

  void add(double t, int live, long decoded, long kv, long shared) {
    Point point = new Point(t, live, decoded, kv, shared);
    if (pending > 0) {
      points.set(points.size() - 1, points.getLast().join(point));
    } else {
      points.add(point);
    }
    pending = (pending + 1) % stride;
    if (points.size() > MOST && pending == 0) {
      List<Point> half = new ArrayList<>();
      for (int i = 0; i < points.size(); i += 2) {
        half.add(i + 1 < points.size() ? points.get(i).join(points.get(i + 1)) : points.get(i));
      }
      pending = points.size() % 2 == 0 ? 0 : stride;
      points = half;
      stride *= 2;
    }
  }

  /** Columns by name. */
  Map<String, Object> columns() {
    List<Object> t = new ArrayList<>();
    List<Object> live = new ArrayList<>();
    List<Object> rate = new ArrayList<>();
    List<Object> kv = new ArrayList<>();
    List<Object> shared = new ArrayList<>();
    // A rate over less than this is noise: it is taken over a window that ends at each point.
    double window = points.isEmpty() ? 0 : Math.max(0.02, points.getLast().t / 100);
    int from = 0;
    for (int i = 0; i < points.size(); i++) {
      Point p = points.get(i);
      while (from < i && p.t - points.get(from).t > window) {
        from++;
      }
      // One before the window, so that it is at least as long.
      Point before = points.get(Math.max(0, from - 1));
      double seconds = p.t - before.t;
      t.add(rounded(p.t));
      live.add(p.live);
      rate.add(seconds <= 0 ? 0 : rounded((p.decoded - before.decoded) / seconds));
      kv.add(p.kv);
      shared.add(p.shared);
    }
    Map<String, Object> columns = new LinkedHashMap<>();
    columns.put("t", t);
    columns.put("live", live);
    columns.put("rate", rate);
    columns.put("kv", kv);
    columns.put("shared", shared);
    return columns;
  }

  static double rounded(double x) {
    return Math.rint(x * 1e4) / 1e4;
  }
}

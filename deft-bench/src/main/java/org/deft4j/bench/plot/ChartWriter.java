package org.deft4j.bench.plot;

import java.awt.BasicStroke;
import java.awt.Color;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.deft4j.bench.report.Chart;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.CategoryChart;
import org.knowm.xchart.CategoryChartBuilder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.Marker;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** Charts as PNG files. To be touched only where {@link Desktop#present}. */
public final class ChartWriter {
  private static final int WIDTH = 1000;
  private static final int HEIGHT = 600;

  /** Tells series apart for those who do not see red and green, too (Okabe and Ito). */
  private static final Color[] COLOURS = {
    new Color(0x0072B2),
    new Color(0xD55E00),
    new Color(0x009E73),
    new Color(0xCC79A7),
    new Color(0xE69F00),
    new Color(0x56B4E9),
    new Color(0x000000)
  };

  /** Tells series of the same colour apart. */
  private static final Marker[] MARKERS = {
    SeriesMarkers.CIRCLE, SeriesMarkers.SQUARE, SeriesMarkers.TRIANGLE_UP, SeriesMarkers.DIAMOND
  };

  private ChartWriter() {}

  /** Draws a chart to {@code NAME.png} in a folder, without a display. */
  public static Path write(Chart chart, Path folder) throws IOException {
    System.setProperty("java.awt.headless", "true");
    Path file = folder.resolve(chart.name() + ".png");
    org.knowm.xchart.internal.chartpart.Chart<?, ?> drawn =
        chart.kind() == Chart.Kind.BARS ? bars(chart) : lines(chart);
    BitmapEncoder.saveBitmap(drawn, file.toString(), BitmapEncoder.BitmapFormat.PNG);
    return file;
  }

  private static XYChart lines(Chart chart) {
    XYChart drawn =
        new XYChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(chart.title())
            .xAxisTitle(chart.xTitle())
            .yAxisTitle(chart.yTitle())
            .build();
    style(drawn.getStyler());
    drawn.getStyler().setYAxisMin(0.0);
    boolean curves = chart.kind() == Chart.Kind.CURVES;
    drawn.getStyler().setXAxisLogarithmic(curves && positive(chart));
    int number = 0;
    for (Chart.Series s : chart.series()) {
      double[] x = s.x().stream().mapToDouble(v -> ((Number) v).doubleValue()).toArray();
      double[] y = s.y().stream().mapToDouble(Number::doubleValue).toArray();
      drawn
          .addSeries(s.name(), x, y)
          .setMarker(
              curves ? MARKERS[number / COLOURS.length % MARKERS.length] : SeriesMarkers.NONE)
          .setLineStyle(new BasicStroke(1.5f));
      number++;
    }
    return drawn;
  }

  /** Whether there is a point, and all lie where a logarithm is defined. */
  private static boolean positive(Chart chart) {
    double[] x =
        chart.series().stream()
            .flatMap(s -> s.x().stream())
            .mapToDouble(v -> ((Number) v).doubleValue())
            .toArray();
    return x.length > 0 && Arrays.stream(x).allMatch(v -> v > 0);
  }

  private static CategoryChart bars(Chart chart) {
    CategoryChart drawn =
        new CategoryChartBuilder()
            .width(WIDTH)
            .height(HEIGHT)
            .title(chart.title())
            .xAxisTitle(chart.xTitle())
            .yAxisTitle(chart.yTitle())
            .build();
    style(drawn.getStyler());
    drawn.getStyler().setXAxisLabelRotation(45);
    // All groups stand in the order of the series that has most; a bar that is missing is none.
    List<Object> x = new ArrayList<>();
    chart.series().forEach(s -> s.x().stream().filter(v -> !x.contains(v)).forEach(x::add));
    for (Chart.Series s : chart.series()) {
      List<Number> y = new ArrayList<>();
      for (Object group : x) {
        int i = s.x().indexOf(group);
        y.add(i < 0 ? 0 : s.y().get(i));
      }
      drawn.addSeries(s.name(), x, y);
    }
    return drawn;
  }

  private static void style(Styler styler) {
    styler.setSeriesColors(COLOURS);
    styler.setChartBackgroundColor(Color.WHITE);
    styler.setLegendPosition(Styler.LegendPosition.OutsideE);
  }
}

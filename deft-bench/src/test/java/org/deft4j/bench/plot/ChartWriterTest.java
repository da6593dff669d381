package org.deft4j.bench.plot;

import static org.assertj.core.api.Assertions.assertThat;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.imageio.ImageIO;
import org.deft4j.bench.report.Chart;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChartWriterTest {
  @TempDir Path folder;

  private BufferedImage drawn(Chart chart) throws IOException {
    Assumptions.assumeTrue(Desktop.present(), "this runtime has no java.desktop");
    Path file = ChartWriter.write(chart, folder);
    assertThat(file).isEqualTo(folder.resolve(chart.name() + ".png")).isRegularFile();
    return ImageIO.read(file.toFile());
  }

  private static boolean has(BufferedImage image, int rgb) {
    Set<Integer> colours = new HashSet<>();
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        colours.add(image.getRGB(x, y) & 0xffffff);
      }
    }
    return colours.contains(rgb);
  }

  @Test
  void linesAreDrawnInTheirColours() throws IOException {
    BufferedImage image =
        drawn(
            new Chart(
                "lines",
                "t",
                Chart.Kind.LINES,
                "x",
                "y",
                List.of(
                    new Chart.Series("a", List.of(1L, 2L, 3L), List.of(1.0, 1.0, 1.0)),
                    new Chart.Series("b", List.of(1L, 3L), List.of(2.0, 2.0)))));
    assertThat(has(image, 0x0072B2)).isTrue();
    assertThat(has(image, 0xD55E00)).isTrue();
  }

  /** A single point shows as a mark, and a 0 on the axis is no reason to fail. */
  @Test
  void curvesMarkTheirPoints() throws IOException {
    for (double least : new double[] {0, 1}) {
      BufferedImage image =
          drawn(
              new Chart(
                  "curves",
                  "t",
                  Chart.Kind.CURVES,
                  "x",
                  "y",
                  List.of(
                      new Chart.Series("a", List.of(8.0), List.of(50.0)),
                      new Chart.Series("b", List.of(least, 64.0), List.of(20.0, 70.0)))));
      assertThat(has(image, 0x0072B2)).isTrue();
      assertThat(has(image, 0xD55E00)).isTrue();
    }
  }

  @Test
  void barsOfSeriesWithOtherGroupsStandTogether() throws IOException {
    BufferedImage image =
        drawn(
            new Chart(
                "bars",
                "t",
                Chart.Kind.BARS,
                "x",
                "y",
                List.of(
                    new Chart.Series("a", List.of("g", "h"), List.of(1.0, 3.0)),
                    new Chart.Series("b", List.of("h", "i"), List.of(2L, 4L)))));
    assertThat(has(image, 0xD55E00)).isTrue();
  }
}

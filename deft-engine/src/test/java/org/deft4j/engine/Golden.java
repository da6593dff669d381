package org.deft4j.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Number arrays of the expected-value files, which are JSON of known keys. */
final class Golden {
  private static final Pattern NUMBER = Pattern.compile("-?\\d+(?:\\.\\d+)?(?:[eE][-+]?\\d+)?");

  private final String text;

  Golden(Path file) {
    try {
      text = Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** All arrays of this key, flattened. */
  List<double[]> arrays(String key) {
    List<double[]> out = new ArrayList<>();
    String quoted = '"' + key + '"';
    for (int at = text.indexOf(quoted); at >= 0; at = text.indexOf(quoted, at + 1)) {
      int from = text.indexOf('[', at);
      int depth = 0;
      int to = from;
      do {
        depth += text.charAt(to) == '[' ? 1 : text.charAt(to) == ']' ? -1 : 0;
        to++;
      } while (depth > 0);
      Matcher m = NUMBER.matcher(text.substring(from, to));
      out.add(m.results().mapToDouble(r -> Double.parseDouble(r.group())).toArray());
    }
    return out;
  }

  /** The only array of this key. */
  double[] array(String key) {
    return arrays(key).getFirst();
  }

  /** The only array of this key, of integers. */
  int[] ints(String key) {
    return toInts(array(key));
  }

  static int[] toInts(double[] values) {
    int[] out = new int[values.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (int) values[i];
    }
    return out;
  }
}

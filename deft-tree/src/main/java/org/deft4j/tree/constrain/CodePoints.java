package org.deft4j.tree.constrain;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A set of Unicode scalar values: code points without surrogates, which UTF-8 cannot spell.
 *
 * @param ranges first and last of each run, ascending, with gaps between
 */
record CodePoints(List<int[]> ranges) {
  static final CodePoints NONE = new CodePoints(List.of());
  static final CodePoints ALL = of(0, Character.MAX_CODE_POINT);

  static CodePoints of(int... firstsAndLasts) {
    List<int[]> all = new ArrayList<>();
    for (int i = 0; i < firstsAndLasts.length; i += 2) {
      all.add(new int[] {firstsAndLasts[i], firstsAndLasts[i + 1]});
    }
    return normal(all);
  }

  private static CodePoints normal(List<int[]> some) {
    List<int[]> sorted = new ArrayList<>();
    for (int[] r : some) {
      // Without the surrogates.
      if (r[0] < 0xD800) {
        sorted.add(new int[] {r[0], Math.min(r[1], 0xD7FF)});
      }
      if (r[1] > 0xDFFF) {
        sorted.add(new int[] {Math.max(r[0], 0xE000), r[1]});
      }
    }
    sorted.sort((a, b) -> Integer.compare(a[0], b[0]));
    List<int[]> out = new ArrayList<>();
    for (int[] r : sorted) {
      int[] last = out.isEmpty() ? null : out.getLast();
      if (last != null && r[0] <= last[1] + 1) {
        last[1] = Math.max(last[1], r[1]);
      } else {
        out.add(r.clone());
      }
    }
    return new CodePoints(out);
  }

  CodePoints or(CodePoints other) {
    List<int[]> all = new ArrayList<>(ranges);
    all.addAll(other.ranges);
    return normal(all);
  }

  CodePoints not() {
    List<int[]> out = new ArrayList<>();
    int from = 0;
    for (int[] r : ranges) {
      if (r[0] > from) {
        out.add(new int[] {from, r[0] - 1});
      }
      from = r[1] + 1;
    }
    if (from <= Character.MAX_CODE_POINT) {
      out.add(new int[] {from, Character.MAX_CODE_POINT});
    }
    return normal(out);
  }

  /**
   * The set as sequences of byte ranges: a code point of the set is spelled by exactly one sequence
   * whose ranges hold its UTF-8 bytes. Ranges of code points are cut where the number of bytes
   * changes, and then so that only last bytes run through their whole range (the construction of
   * Cox's UTF-8 automata).
   */
  List<int[][]> utf8() {
    List<int[][]> out = new ArrayList<>();
    int[] lasts = {0x7F, 0x7FF, 0xFFFF, Character.MAX_CODE_POINT};
    for (int[] r : ranges) {
      int from = r[0];
      for (int last : lasts) {
        if (from <= r[1] && from <= last) {
          int to = Math.min(r[1], last);
          split(from, to, out);
          from = to + 1;
        }
      }
    }
    return out;
  }

  private static void split(int from, int to, List<int[][]> out) {
    for (int bits = 6; bits <= 18; bits += 6) {
      int mask = (1 << bits) - 1;
      if ((from & ~mask) != (to & ~mask) && length(to) * 6 >= bits) {
        if ((from & mask) != 0) {
          split(from, from | mask, out);
          split((from | mask) + 1, to, out);
          return;
        }
        if ((to & mask) != mask) {
          split(from, (to & ~mask) - 1, out);
          split(to & ~mask, to, out);
          return;
        }
      }
    }
    byte[] a = Character.toString(from).getBytes(java.nio.charset.StandardCharsets.UTF_8);
    byte[] b = Character.toString(to).getBytes(java.nio.charset.StandardCharsets.UTF_8);
    int[][] bytes = new int[a.length][];
    for (int i = 0; i < a.length; i++) {
      bytes[i] = new int[] {a[i] & 0xFF, b[i] & 0xFF};
    }
    out.add(bytes);
  }

  /** Continuation bytes of the code point's UTF-8 form. */
  private static int length(int codePoint) {
    return codePoint < 0x80 ? 0 : codePoint < 0x800 ? 1 : codePoint < 0x10000 ? 2 : 3;
  }

  @Override
  public String toString() {
    return ranges.stream().map(Arrays::toString).toList().toString();
  }
}

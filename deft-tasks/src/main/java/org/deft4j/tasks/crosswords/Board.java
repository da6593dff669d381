package org.deft4j.tasks.crosswords;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A board of five by five letters, some still open.
 *
 * @param cells 25 upper-case letters row by row, {@value #OPEN} where none is yet
 */
record Board(String cells) {
  /** Rows, columns, and letters of a word. */
  static final int SIZE = 5;

  /** Words: the rows, then the columns. */
  static final int WORDS = 2 * SIZE;

  static final char OPEN = '_';

  Board {
    if (!cells.matches("[A-Z_]{25}")) {
      throw new IllegalArgumentException("a board has 25 letters, not '" + cells + "'");
    }
  }

  static Board empty() {
    return new Board("_".repeat(SIZE * SIZE));
  }

  /**
   * Reads five words of five letters; case and blanks between letters are free.
   *
   * @return empty if there are not 25 letters and open cells, five a line
   */
  static Optional<Board> read(String text) {
    String letters = text.replaceAll("[\\s,|]+", "").toUpperCase(Locale.ROOT);
    return letters.matches("[A-Z_]{25}") ? Optional.of(new Board(letters)) : Optional.empty();
  }

  /** The cell of a word's letter. */
  private static int cell(int word, int letter) {
    return word < SIZE ? word * SIZE + letter : letter * SIZE + word - SIZE;
  }

  /** Name of a word: {@code h1} to {@code h5} are rows, {@code v1} to {@code v5} columns. */
  static String name(int word) {
    return (word < SIZE ? "h" : "v") + (word % SIZE + 1);
  }

  /** A word, with open cells as they are. */
  String word(int word) {
    StringBuilder letters = new StringBuilder();
    for (int i = 0; i < SIZE; i++) {
      letters.append(cells.charAt(cell(word, i)));
    }
    return letters.toString();
  }

  /** The board with a word filled in; empty if letters are there that differ, or all are there. */
  Optional<Board> with(int word, String letters) {
    char[] next = cells.toCharArray();
    boolean filled = false;
    for (int i = 0; i < SIZE; i++) {
      int at = cell(word, i);
      if (next[at] != OPEN && next[at] != letters.charAt(i)) {
        return Optional.empty();
      }
      filled |= next[at] == OPEN;
      next[at] = letters.charAt(i);
    }
    return filled ? Optional.of(new Board(new String(next))) : Optional.empty();
  }

  boolean full() {
    return cells.indexOf(OPEN) < 0;
  }

  /** Cells that differ from another board's. */
  int distance(Board other) {
    int n = 0;
    for (int i = 0; i < cells.length(); i++) {
      n += cells.charAt(i) == other.cells.charAt(i) ? 0 : 1;
    }
    return n;
  }

  List<String> rows() {
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < SIZE; i++) {
      rows.add(word(i));
    }
    return rows;
  }

  /** The rows, a line each. */
  String lines() {
    return String.join("\n", rows());
  }

  /** The rows in one line. */
  @Override
  public String toString() {
    return String.join(" ", rows());
  }

  /** The names of the words that have open cells. */
  String open() {
    List<String> names = new ArrayList<>();
    for (int w = 0; w < WORDS; w++) {
      if (word(w).indexOf(OPEN) >= 0) {
        names.add(name(w));
      }
    }
    return String.join(", ", names);
  }

  /** The index of a word's name, as {@link #name} writes it, in any case. */
  static int index(String name) {
    return (Character.toLowerCase(name.charAt(0)) == 'h' ? 0 : SIZE) + name.charAt(1) - '1';
  }
}

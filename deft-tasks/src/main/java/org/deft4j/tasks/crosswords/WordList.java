package org.deft4j.tasks.crosswords;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/**
 * Five-letter words with clues, and boards that are made of them: every row and every column is a
 * word. The words are those of WordNet 3.0, whose licence lies beside them.
 */
final class WordList {
  private static final String RESOURCE = "words5.tsv";

  /** A board is found after some hundred thousand letters; then another beginning is quicker. */
  private static final int PATIENCE = 100_000;

  private final Map<String, String> clues;

  /** The letters that may follow a beginning of a word, a bit each. */
  private final Map<String, Integer> next = new HashMap<>();

  WordList(Map<String, String> clues) {
    this.clues = new TreeMap<>(clues);
    for (String word : this.clues.keySet()) {
      for (int i = 0; i < word.length(); i++) {
        next.merge(word.substring(0, i), bit(word.charAt(i)), (a, b) -> a | b);
      }
    }
  }

  private static int bit(char letter) {
    return 1 << (letter - 'A');
  }

  /** The list in the jar. */
  static WordList shipped() {
    Map<String, String> clues = new HashMap<>();
    try (InputStream in = WordList.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException("the jar lacks " + RESOURCE);
      }
      BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        int tab = line.indexOf('\t');
        clues.put(line.substring(0, tab).toUpperCase(Locale.ROOT), line.substring(tab + 1));
      }
    } catch (IOException e) {
      throw new IllegalStateException("cannot read " + RESOURCE, e);
    }
    return new WordList(clues);
  }

  /** The clue of a word. */
  String clue(String word) {
    String clue = clues.get(word);
    if (clue == null) {
      throw new IllegalArgumentException("no word " + word);
    }
    return clue;
  }

  boolean contains(String word) {
    return clues.containsKey(word);
  }

  /** A board of ten different words; takes some tenths of a second. */
  Board board(long seed) {
    Random random = new Random(seed);
    while (true) {
      Filler filler = new Filler(random);
      if (filler.fill(0)) {
        return new Board(new String(filler.cells));
      }
    }
  }

  /** Fills cells row by row; every beginning of a row and of a column begins a word. */
  private final class Filler {
    private final Random random;
    private final char[] cells = new char[Board.SIZE * Board.SIZE];
    private int tried;

    Filler(Random random) {
      this.random = random;
    }

    boolean fill(int at) {
      if (at == cells.length) {
        return distinct(new Board(new String(cells)));
      }
      for (char letter : letters(at)) {
        if (++tried > PATIENCE) {
          return false;
        }
        cells[at] = letter;
        if (fill(at + 1)) {
          return true;
        }
      }
      return false;
    }

    /** The letters that may stand in a cell, shuffled. */
    private List<Character> letters(int at) {
      int column = at % Board.SIZE;
      StringBuilder above = new StringBuilder();
      for (int i = column; i < at; i += Board.SIZE) {
        above.append(cells[i]);
      }
      int may =
          next.getOrDefault(new String(cells, at - column, column), 0)
              & next.getOrDefault(above.toString(), 0);
      if (at == Board.SIZE) {
        // Most boards mirror rows in columns; these would all be thrown away at the end.
        may &= ~bit(cells[1]);
      }
      List<Character> letters = new ArrayList<>();
      for (char c = 'A'; c <= 'Z'; c++) {
        if ((may & bit(c)) != 0) {
          letters.add(c);
        }
      }
      Collections.shuffle(letters, random);
      return letters;
    }

    private static boolean distinct(Board board) {
      HashSet<String> words = new HashSet<>();
      for (int w = 0; w < Board.WORDS; w++) {
        words.add(board.word(w));
      }
      return words.size() == Board.WORDS;
    }
  }
}

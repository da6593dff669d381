package org.deft4j.tasks.data;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.deft4j.tree.DeftException;

/**
 * A comma-separated file with a header, as RFC 4180 describes: fields may be quoted, and quoted
 * fields hold commas, line breaks and doubled quotes. Blank lines are skipped; every row has as
 * many fields as the header.
 */
public final class Csv {
  private final Path file;
  private final List<String> header;
  private final List<Row> rows;

  private Csv(Path file, List<String> header, List<Row> rows) {
    this.file = file;
    this.header = header;
    this.rows = rows;
  }

  /**
   * A row.
   *
   * @param line the line of the file on which it begins, from 1
   * @param fields its fields, without quotes
   */
  public record Row(int line, List<String> fields) {
    /** Copies the list. */
    public Row {
      fields = List.copyOf(fields);
    }
  }

  /**
   * Reads a file in UTF-8.
   *
   * @param limit read at most this many rows below the header; what follows is not looked at
   * @throws DeftException with exit code 2, naming file and line
   */
  public static Csv read(Path file, int limit) {
    String text;
    try {
      text = Files.readString(file);
    } catch (NoSuchFileException e) {
      throw new DeftException(DeftException.USAGE, "no file " + file, e);
    } catch (CharacterCodingException e) {
      throw new DeftException(DeftException.USAGE, file + " is not UTF-8 text", e);
    } catch (IOException e) {
      throw new DeftException(DeftException.USAGE, "cannot read " + file + ": " + e, e);
    }
    return parse(file, text.startsWith("\uFEFF") ? text.substring(1) : text, limit);
  }

  private static Csv parse(Path file, String text, int limit) {
    Scanner scanner = new Scanner(file, text);
    List<Row> rows = new ArrayList<>();
    List<String> header = null;
    while ((header == null || rows.size() < limit) && !scanner.atEnd()) {
      Row row = scanner.row();
      if (row.fields().equals(List.of(""))) {
        continue;
      }
      if (header == null) {
        header = row.fields().stream().map(String::strip).toList();
        continue;
      }
      if (row.fields().size() != header.size()) {
        throw error(
            file,
            row.line(),
            "has " + row.fields().size() + " fields, the header has " + header.size());
      }
      rows.add(row);
    }
    if (header == null) {
      throw new DeftException(DeftException.USAGE, file + " is empty: it needs a header line");
    }
    return new Csv(file, header, rows);
  }

  /** The rows below the header. */
  public List<Row> rows() {
    return List.copyOf(rows);
  }

  /** Whether the header has a column of this name, in any case. */
  public boolean has(String column) {
    return index(column) >= 0;
  }

  /**
   * A row's field.
   *
   * @throws DeftException with exit code 2 if there is no such column
   */
  public String field(Row row, String column) {
    int index = index(column);
    if (index < 0) {
      throw error(file, 1, "has no column '" + column + "'; it has " + String.join(", ", header));
    }
    return row.fields().get(index);
  }

  private int index(String column) {
    for (int i = 0; i < header.size(); i++) {
      if (header.get(i).toLowerCase(Locale.ROOT).equals(column.toLowerCase(Locale.ROOT))) {
        return i;
      }
    }
    return -1;
  }

  /** An error about a row of this file. */
  public DeftException error(Row row, String what) {
    return error(file, row.line(), what);
  }

  private static DeftException error(Path file, int line, String what) {
    return new DeftException(DeftException.USAGE, file + " line " + line + " " + what);
  }

  /** Walks the text once. */
  private static final class Scanner {
    private final Path file;
    private final String text;
    private int at;
    private int line = 1;

    Scanner(Path file, String text) {
      this.file = file;
      this.text = text;
    }

    boolean atEnd() {
      return at >= text.length();
    }

    Row row() {
      int first = line;
      List<String> fields = new ArrayList<>();
      do {
        fields.add(peek() == '"' ? quoted() : plain());
      } while (take(','));
      if (!atEnd()) {
        take('\r');
        take('\n');
        line++;
      }
      return new Row(first, fields);
    }

    private int peek() {
      return atEnd() ? -1 : text.charAt(at);
    }

    private boolean take(char c) {
      boolean is = peek() == c;
      at += is ? 1 : 0;
      return is;
    }

    private boolean atFieldEnd() {
      int c = peek();
      return c == -1 || c == ',' || c == '\r' || c == '\n';
    }

    private String plain() {
      int from = at;
      while (!atFieldEnd()) {
        if (peek() == '"') {
          throw error(file, line, "has a quote inside a field that is not quoted");
        }
        at++;
      }
      return text.substring(from, at);
    }

    private String quoted() {
      int opened = line;
      at++;
      StringBuilder field = new StringBuilder();
      while (!atEnd()) {
        char c = text.charAt(at++);
        if (c == '\n') {
          line++;
        }
        if (c != '"') {
          field.append(c);
        } else if (take('"')) {
          field.append('"');
        } else if (atFieldEnd()) {
          return field.toString();
        } else {
          throw error(file, line, "has text after a closing quote");
        }
      }
      throw error(file, opened, "opens a quote that is never closed");
    }
  }
}

package org.deft4j.engine.chat;

import java.util.ArrayList;
import java.util.List;

/**
 * Cuts a template to tokens, with white space handled as chat templates expect it ({@code
 * trim_blocks} and {@code lstrip_blocks} on): a statement swallows the blanks before it on its line
 * and the line break after it; {@code -} swallows all white space on its side, {@code +} none.
 */
final class Lexer {
  private static final List<String> OPERATORS =
      List.of(
          "**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")",
          "[", "]", "{", "}", ",", ".", ":", "|");

  private final String s;
  private final List<Token> tokens = new ArrayList<>();
  private int at;
  private int line = 1;

  private Lexer(String s) {
    this.s = s;
  }

  static List<Token> tokens(String template) {
    String t = template.replace("\r\n", "\n").replace('\r', '\n');
    // One line break at the end is not part of a template.
    Lexer lexer = new Lexer(t.endsWith("\n") ? t.substring(0, t.length() - 1) : t);
    lexer.run();
    return lexer.tokens;
  }

  private void run() {
    boolean trimNext = false;
    boolean afterBlock = false;
    while (true) {
      int open = nextOpen();
      String text = s.substring(at, open < 0 ? s.length() : open);
      int textLine = line;
      count(text);
      if (trimNext) {
        text = text.stripLeading();
      } else if (afterBlock && text.startsWith("\n")) {
        text = text.substring(1);
      }
      if (open < 0) {
        text(text, textLine);
        tokens.add(new Token(Token.Kind.END, "", line));
        return;
      }
      char kind = s.charAt(open + 1);
      char sign = open + 2 < s.length() ? s.charAt(open + 2) : ' ';
      at = open + 2;
      if (sign == '-') {
        text = text.stripTrailing();
        at++;
      } else if (sign == '+') {
        at++;
      } else if (kind != '{') {
        text = withoutIndent(text, open);
      }
      text(text, textLine);
      if (kind == '#') {
        int end = s.indexOf("#}", at);
        if (end < 0) {
          throw new TemplateException(line, "a comment has no end");
        }
        trimNext = end > at && s.charAt(end - 1) == '-';
        count(s.substring(at, end));
        at = end + 2;
        afterBlock = true;
        continue;
      }
      tokens.add(new Token(kind == '{' ? Token.Kind.PRINT : Token.Kind.STATEMENT, "", line));
      char closed = inside(kind == '{' ? "}}" : "%}");
      trimNext = closed == '-';
      afterBlock = kind == '%' && closed != '+';
    }
  }

  private void text(String text, int textLine) {
    if (!text.isEmpty()) {
      tokens.add(new Token(Token.Kind.TEXT, text, textLine));
    }
  }

  private int nextOpen() {
    for (int i = at; i + 1 < s.length(); i++) {
      if (s.charAt(i) == '{' && "{%#".indexOf(s.charAt(i + 1)) >= 0) {
        return i;
      }
    }
    return -1;
  }

  /** Drops blanks between the line's beginning and a statement or comment. */
  private String withoutIndent(String text, int open) {
    int i = text.length();
    while (i > 0 && (text.charAt(i - 1) == ' ' || text.charAt(i - 1) == '\t')) {
      i--;
    }
    boolean begin = i == 0 ? lineBeginsAt(open - text.length()) : text.charAt(i - 1) == '\n';
    return begin ? text.substring(0, i) : text;
  }

  private boolean lineBeginsAt(int i) {
    return i <= 0 || s.charAt(i - 1) == '\n';
  }

  private void count(String text) {
    line += (int) text.chars().filter(c -> c == '\n').count();
  }

  /** Reads tokens up to the closing mark; returns the sign before it. */
  private char inside(String close) {
    int depth = 0;
    while (true) {
      while (at < s.length() && Character.isWhitespace(s.charAt(at))) {
        line += s.charAt(at) == '\n' ? 1 : 0;
        at++;
      }
      if (at >= s.length()) {
        throw new TemplateException(line, "'" + close + "' is missing");
      }
      char c = s.charAt(at);
      if (depth == 0 && s.startsWith(close, at)) {
        at += 2;
        tokens.add(new Token(Token.Kind.CLOSE, "", line));
        return ' ';
      }
      if (depth == 0 && (c == '-' || c == '+') && s.startsWith(close, at + 1)) {
        at += 3;
        tokens.add(new Token(Token.Kind.CLOSE, "", line));
        return c;
      }
      if (c == '"' || c == '\'') {
        string(c);
      } else if (c >= '0' && c <= '9') {
        number();
      } else if (Character.isLetter(c) || c == '_') {
        int from = at;
        while (at < s.length()
            && (Character.isLetterOrDigit(s.charAt(at)) || s.charAt(at) == '_')) {
          at++;
        }
        tokens.add(new Token(Token.Kind.NAME, s.substring(from, at), line));
      } else {
        String op = null;
        for (String o : OPERATORS) {
          if (op == null && s.startsWith(o, at)) {
            op = o;
          }
        }
        if (op == null) {
          throw new TemplateException(line, "'" + c + "' is not understood");
        }
        depth += "([{".contains(op) ? 1 : ")]}".contains(op) ? -1 : 0;
        at += op.length();
        tokens.add(new Token(Token.Kind.OPERATOR, op, line));
      }
    }
  }

  private void number() {
    int from = at;
    boolean real = false;
    while (at < s.length()
        && (Character.isDigit(s.charAt(at))
            || s.charAt(at) == '_'
            || (s.charAt(at) == '.'
                && at + 1 < s.length()
                && Character.isDigit(s.charAt(at + 1))))) {
      real |= s.charAt(at) == '.';
      at++;
    }
    if (at < s.length() && (s.charAt(at) == 'e' || s.charAt(at) == 'E')) {
      int digits = at + 1;
      if (digits < s.length() && "+-".indexOf(s.charAt(digits)) >= 0) {
        digits++;
      }
      int end = digits;
      while (end < s.length() && Character.isDigit(s.charAt(end))) {
        end++;
      }
      if (end > digits) {
        real = true;
        at = end;
      }
    }
    String text = s.substring(from, at).replace("_", "");
    if (text.length() > (real ? 40 : 18)) {
      throw new TemplateException(line, "the number " + text + " is too long");
    }
    tokens.add(new Token(real ? Token.Kind.REAL : Token.Kind.INTEGER, text, line));
  }

  private void string(char quote) {
    StringBuilder out = new StringBuilder();
    int first = line;
    at++;
    while (true) {
      if (at >= s.length()) {
        throw new TemplateException(first, "a string has no end");
      }
      char c = s.charAt(at++);
      if (c == quote) {
        break;
      }
      line += c == '\n' ? 1 : 0;
      if (c != '\\' || at >= s.length()) {
        out.append(c);
        continue;
      }
      char e = s.charAt(at++);
      switch (e) {
        case 'n' -> out.append('\n');
        case 't' -> out.append('\t');
        case 'r' -> out.append('\r');
        case 'b' -> out.append('\b');
        case 'f' -> out.append('\f');
        case '\\', '\'', '"' -> out.append(e);
        case 'u' -> out.append((char) hex(4));
        case 'x' -> out.append((char) hex(2));
        case '\n' -> {}
        default -> out.append('\\').append(e);
      }
    }
    tokens.add(new Token(Token.Kind.STRING, out.toString(), first));
  }

  private int hex(int digits) {
    int v = 0;
    for (int i = 0; i < digits; i++) {
      int d = at < s.length() ? Character.digit(s.charAt(at++), 16) : -1;
      if (d < 0) {
        throw new TemplateException(line, "a broken escape in a string");
      }
      v = v << 4 | d;
    }
    return v;
  }
}

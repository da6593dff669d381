package org.deft4j.engine.chat;

/**
 * A piece of a template.
 *
 * @param kind what it is
 * @param text the name, operator, text or value's spelling
 * @param line where it stands, from 1
 */
record Token(Kind kind, String text, int line) {
  enum Kind {
    /** Text to be printed as it is. */
    TEXT,
    /** Begin of an expression to be printed. */
    PRINT,
    /** Begin of a statement. */
    STATEMENT,
    /** End of either. */
    CLOSE,
    NAME,
    STRING,
    INTEGER,
    REAL,
    OPERATOR,
    END
  }

  boolean is(Kind k, String t) {
    return kind == k && text.equals(t);
  }
}

package org.deft4j.engine.chat;

import org.deft4j.tree.DeftException;

/** A template that is broken, uses what is not supported, or refuses a conversation. */
public final class TemplateException extends DeftException {
  private static final long serialVersionUID = 1L;

  /** An error at a line of the template; 0 for none. */
  TemplateException(int line, String message) {
    super(UNSUPPORTED_MODEL, "chat template" + (line > 0 ? ", line " + line : "") + ": " + message);
  }
}

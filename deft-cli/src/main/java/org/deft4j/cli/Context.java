package org.deft4j.cli;

import org.deft4j.runtime.Folders;

/**
 * What commands are given.
 *
 * @param terminal streams and environment
 * @param interrupt Ctrl-C
 * @param folders where things lie
 */
record Context(Terminal terminal, Interrupt interrupt, Folders folders) {
  Context(Terminal terminal, Interrupt interrupt) {
    this(terminal, interrupt, Folders.here());
  }
}

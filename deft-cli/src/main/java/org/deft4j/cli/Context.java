package org.deft4j.cli;

import org.deft4j.runtime.Deft;
import org.deft4j.runtime.DeftOptions;
import org.deft4j.runtime.Folders;
import org.deft4j.runtime.Registry;

/**
 * What commands are given.
 *
 * @param terminal streams and environment
 * @param interrupt Ctrl-C
 * @param folders where things lie
 * @param opener opens models
 */
record Context(Terminal terminal, Interrupt interrupt, Folders folders, Opener opener) {
  Context(Terminal terminal, Interrupt interrupt) {
    this(terminal, interrupt, Folders.here(), Deft::open);
  }

  /** Opens a model. */
  interface Opener {
    /** As {@link Deft#open(DeftOptions, Registry)}. */
    Deft open(DeftOptions options, Registry registry);
  }

  Deft open(DeftOptions options, Registry registry) {
    return opener.open(options, registry);
  }
}

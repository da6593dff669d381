/**
 * The {@code deft} command: picocli commands, the live view of a running search, and reports.
 *
 * <p>Documents go to standard output; progress, reports for people and errors of a {@code --json}
 * run go to standard error. Only {@link Main} exits the process.
 */
@NullMarked
package org.deft4j.cli;

import org.jspecify.annotations.NullMarked;

/**
 * Choosing the next token from logits: filters, a counter-based random generator, stop strings.
 *
 * <p>A draw is a pure function of the logits, the spec and (seed, stream, position), so it depends
 * neither on the order of branches in a batch nor on threads. {@link
 * org.deft4j.engine.sample.LogitsConstraint} is the point where grammars come in.
 */
@NullMarked
package org.deft4j.engine.sample;

import org.jspecify.annotations.NullMarked;

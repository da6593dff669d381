/**
 * Evaluators: how good a thought is, by a program, by log-probabilities, or by asking the model on
 * a branch forked in the same batch.
 */
@NullMarked
package org.deft4j.search.evaluate;

import org.jspecify.annotations.NullMarked;

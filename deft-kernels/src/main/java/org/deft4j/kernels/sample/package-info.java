/**
 * Choosing tokens from rows of logits: {@link org.deft4j.kernels.sample.Draws} say what is asked of
 * {@link org.deft4j.kernels.Backend#sample}, {@link org.deft4j.kernels.sample.TokenSampler} is the
 * definition that every backend follows, and {@link org.deft4j.kernels.sample.CounterRandom} gives
 * the random numbers.
 */
@NullMarked
package org.deft4j.kernels.sample;

import org.jspecify.annotations.NullMarked;

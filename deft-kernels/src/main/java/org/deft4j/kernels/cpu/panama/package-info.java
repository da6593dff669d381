/**
 * The backend {@code panama}: kernels on the Vector API.
 *
 * <p>Weights are repacked at load into panels of 32 output features, the inner index running over
 * the features, so that a kernel never sums across lanes: each lane is one output, accumulated over
 * the input features in ascending order. Keys are kept in the same form (32 slots a panel), so one
 * tile serves products and scores. Tiles are written out by hand: C2 keeps eight accumulators and
 * their operands in sixteen registers, but spills with twelve.
 *
 * <p>What kernels read lies in arrays of the Java heap, not in native memory: the bounds checks of
 * arrays leave a loop, those of memory segments partly stay, and short loops ran a third faster
 * over arrays.
 *
 * <p>Only the classes named in {@link org.deft4j.kernels.cpu.panama.PanamaBackend} and below touch
 * {@code jdk.incubator.vector}; the provider loads without it.
 */
@NullMarked
package org.deft4j.kernels.cpu.panama;

import org.jspecify.annotations.NullMarked;

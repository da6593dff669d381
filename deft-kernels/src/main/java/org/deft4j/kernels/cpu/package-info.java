/**
 * Backends on the processor: what they share (worker threads, activations, rotary embedding, 16-bit
 * floats) and {@code scalar}, the plain reference that runs anywhere.
 */
@NullMarked
package org.deft4j.kernels.cpu;

import org.jspecify.annotations.NullMarked;

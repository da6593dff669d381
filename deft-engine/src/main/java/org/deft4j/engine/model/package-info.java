/**
 * Transformers: their shape and weights from a model file, and the forward pass over a batch of
 * rows on a {@link org.deft4j.kernels.Backend}.
 *
 * <p>A family is picked by {@code general.architecture}, never by a file's name. Llama is
 * supported: RMSNorm, grouped-query attention with interleaved rotary embedding, gated SiLU
 * feed-forward, tied or own output matrix (arXiv 2302.13971, 2307.09288, 2407.21783).
 */
@NullMarked
package org.deft4j.engine.model;

import org.jspecify.annotations.NullMarked;

/**
 * Transformers: their shape and weights from a model file, and the forward pass over a batch of
 * rows on a {@link org.deft4j.kernels.Backend}.
 *
 * <p>A family is picked by {@code general.architecture}, never by a file's name: Llama and Mistral
 * (arXiv 2302.13971, 2307.09288, 2407.21783, 2310.06825), Qwen2 with biases of queries, keys and
 * values (2407.10671), Qwen3 with norms of queries and keys (2505.09388), Phi-3 with packed
 * projections (2404.14219). Common to all: RMSNorm, grouped-query attention with rotary embedding,
 * gated SiLU feed-forward, tied or own output matrix.
 */
@NullMarked
package org.deft4j.engine.model;

import org.jspecify.annotations.NullMarked;

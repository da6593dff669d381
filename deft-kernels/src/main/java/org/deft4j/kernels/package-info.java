/**
 * The seam between a language model and what computes it.
 *
 * <p>A {@link org.deft4j.kernels.Backend} owns weights ({@link org.deft4j.kernels.Matrix}),
 * activations ({@link org.deft4j.kernels.Tensor}) and keys and values ({@link
 * org.deft4j.kernels.KvCache}) wherever it computes, and runs operations on them in the order of
 * the calls. {@link org.deft4j.kernels.Backends} finds the backends of the class path and picks
 * one; {@code scalar} is always there.
 *
 * <p>A forward pass of a Llama-like model with packed projections:
 *
 * <pre>{@code
 * backend.begin(batch);
 * backend.embed(embedding, x);
 * for (int layer = 0; layer < layers; layer++) {
 *   backend.rmsNorm(x, attentionNorm[layer], eps, h, rows);
 *   backend.matmul(qkv[layer], h, q, rows);
 *   backend.ropeAppend(rope, kv, layer, q);
 *   backend.attention(kv, layer, q, scale, h);
 *   backend.matmulAdd(output[layer], h, x, rows);
 *   backend.rmsNorm(x, ffnNorm[layer], eps, h, rows);
 *   backend.matmulSwiglu(gateUp[layer], h, f, rows);
 *   backend.matmulAdd(down[layer], f, x, rows);
 * }
 * backend.gatherRows(x, wanted, n, h);
 * backend.rmsNorm(h, finalNorm, eps, h, n);
 * backend.matmul(embedding, h, logits, n);
 * logits.read(0, n, host, 0);
 * }</pre>
 */
@NullMarked
package org.deft4j.kernels;

import org.jspecify.annotations.NullMarked;

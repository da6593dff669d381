/**
 * A language model that decodes a forest of branches: {@link org.deft4j.engine.TreeEngine}.
 *
 * <p>It brings together a model file, its tokenizer, a transformer on a backend, the forest of
 * segments with their paged keys and values, attention plans, and sampling. One {@code step()}
 * gives a token of each decoding branch and computes chunks of prompts beside them, in one forward
 * pass.
 */
@NullMarked
package org.deft4j.engine;

import org.jspecify.annotations.NullMarked;

/**
 * A language model that decodes a forest of branches: {@link org.deft4j.engine.TreeEngine}.
 *
 * <p>It brings together a model file, its tokenizer, a transformer on a backend, the forest of
 * segments with their paged keys and values, attention plans, and sampling. One {@code step()} is
 * one forward pass over a row for each decoding branch and chunks of prompts beside them.
 */
@NullMarked
package org.deft4j.engine;

import org.jspecify.annotations.NullMarked;

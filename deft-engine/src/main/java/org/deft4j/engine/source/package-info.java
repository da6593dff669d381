/**
 * Where a model comes from: one GGUF file, a split one, or a folder as Hugging Face lays it out.
 *
 * <p>Both look the same from outside: GGUF's names for metadata and tensors ({@link
 * org.deft4j.engine.source.ModelSource}), so that there is one way to build a transformer, and
 * converting a folder to a file is writing down what is seen.
 */
@NullMarked
package org.deft4j.engine.source;

import org.jspecify.annotations.NullMarked;

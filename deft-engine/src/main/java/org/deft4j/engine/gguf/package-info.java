/**
 * Reads model files in GGUF, versions 2 and 3.
 *
 * <p>A file is mapped into memory and checked whole before any of it is used: every count, string,
 * array, shape, type, offset and alignment against the file's size, and no two tensors share a
 * byte. A broken or hostile file gives one {@link org.deft4j.tree.DeftException} with the code
 * {@code UNSUPPORTED_MODEL} that names the file and what is wrong, and never an allocation that the
 * file's size does not back. The format is specified at
 * https://github.com/ggml-org/ggml/blob/master/docs/gguf.md.
 */
@NullMarked
package org.deft4j.engine.gguf;

import org.jspecify.annotations.NullMarked;

/**
 * Tokenizers built from a model file's own metadata: byte-level BPE and SentencePiece-style BPE.
 *
 * <p>{@link org.deft4j.engine.tokenizer.Tokenizers#from} picks the kind by {@code
 * tokenizer.ggml.model}. Text is never trusted: tokens that steer a model (control tokens) are
 * matched only in prompt templates, through {@code encodePrompt}.
 */
@NullMarked
package org.deft4j.engine.tokenizer;

import org.jspecify.annotations.NullMarked;

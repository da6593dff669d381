/**
 * The small language model that ships with DeFT: a GGUF file as a resource, and the class that puts
 * it where it can be memory-mapped. What the model does, how well and how it was trained is in the
 * module's {@code MODEL_CARD.md}.
 */
@NullMarked
package org.deft4j.mini;

import org.jspecify.annotations.NullMarked;

/** Writing models as GGUF files: from folders of safetensors, and in other types of weights. */
@NullMarked
package org.deft4j.engine.convert;

import org.jspecify.annotations.NullMarked;

/** Tests of the CUDA backend; those that need a device carry the tag {@code gpu}. */
@NullMarked
package org.deft4j.kernels.cuda;

import org.jspecify.annotations.NullMarked;

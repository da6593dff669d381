/** The contract of backends and an oracle in float64. */
@NullMarked
package org.deft4j.kernels;

import org.jspecify.annotations.NullMarked;

/** Tests of the backend on the Vector API. */
@NullMarked
package org.deft4j.kernels.cpu.panama;

import org.jspecify.annotations.NullMarked;

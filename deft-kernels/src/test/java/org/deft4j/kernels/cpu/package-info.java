/** Tests of what the backends on the processor share. */
@NullMarked
package org.deft4j.kernels.cpu;

import org.jspecify.annotations.NullMarked;

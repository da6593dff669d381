@NullMarked
package org.deft4j.kernels.sample;

import org.jspecify.annotations.NullMarked;

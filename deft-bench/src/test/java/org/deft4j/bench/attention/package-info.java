/** Tests of the workloads. */
@NullMarked
package org.deft4j.bench.attention;

import org.jspecify.annotations.NullMarked;

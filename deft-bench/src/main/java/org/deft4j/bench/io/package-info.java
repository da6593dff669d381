/** The traffic of attention over recorded trees, method by method: {@code deft bench io}. */
@NullMarked
package org.deft4j.bench.io;

import org.jspecify.annotations.NullMarked;

/** Tests of the IO table. */
@NullMarked
package org.deft4j.bench.io;

import org.jspecify.annotations.NullMarked;

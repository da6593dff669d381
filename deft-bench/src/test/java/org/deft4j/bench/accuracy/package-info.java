/** Tests of the resumable table. */
@NullMarked
package org.deft4j.bench.accuracy;

import org.jspecify.annotations.NullMarked;

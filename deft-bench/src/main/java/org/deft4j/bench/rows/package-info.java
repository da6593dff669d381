/**
 * Rows of measurements that take long: kept in a file as they are finished, so that a run goes on.
 */
@NullMarked
package org.deft4j.bench.rows;

import org.jspecify.annotations.NullMarked;

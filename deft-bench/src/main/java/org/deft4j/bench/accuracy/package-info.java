/**
 * How often searches solve the problems of data files, and what that takes: a table that one
 * resumable command fills.
 */
@NullMarked
package org.deft4j.bench.accuracy;

import org.jspecify.annotations.NullMarked;

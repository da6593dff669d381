/**
 * Workloads and measurements of tree attention alone: {@code deft bench attention}.
 *
 * <p>A {@link org.deft4j.bench.attention.Workload} is a forest at one decode step; what reads it
 * are the plans of all methods.
 */
@NullMarked
package org.deft4j.bench.attention;

import org.jspecify.annotations.NullMarked;

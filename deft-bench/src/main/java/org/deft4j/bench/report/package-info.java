/**
 * What a benchmark found, as a table for a terminal, JSON, CSV and charts.
 *
 * <p>The JSON document is described in {@code docs/bench-format.md}; its version is {@link
 * org.deft4j.bench.report.Report#VERSION}.
 */
@NullMarked
package org.deft4j.bench.report;

import org.jspecify.annotations.NullMarked;

/**
 * A search as a page: what a search did, from its events or from a trace, written as one HTML file.
 */
@NullMarked
package org.deft4j.cli.report;

import org.jspecify.annotations.NullMarked;

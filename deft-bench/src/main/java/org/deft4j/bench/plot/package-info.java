/** Draws the charts of a report: {@code deft plot}. Needs the module java.desktop. */
@NullMarked
package org.deft4j.bench.plot;

import org.jspecify.annotations.NullMarked;

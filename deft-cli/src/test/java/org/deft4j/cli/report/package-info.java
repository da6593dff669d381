/** Tests of reports, some in a real browser. */
@NullMarked
package org.deft4j.cli.report;

import org.jspecify.annotations.NullMarked;

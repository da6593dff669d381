@NullMarked
package org.deft4j.bench.report;

import org.jspecify.annotations.NullMarked;

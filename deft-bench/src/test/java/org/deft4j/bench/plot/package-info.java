@NullMarked
package org.deft4j.bench.plot;

import org.jspecify.annotations.NullMarked;

@NullMarked
package org.deft4j.bench.replay;

import org.jspecify.annotations.NullMarked;

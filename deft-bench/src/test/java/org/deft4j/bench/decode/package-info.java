@NullMarked
package org.deft4j.bench.decode;

import org.jspecify.annotations.NullMarked;

@NullMarked
package org.deft4j.bench.model;

import org.jspecify.annotations.NullMarked;

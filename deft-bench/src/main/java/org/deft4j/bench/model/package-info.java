/** Models of named shapes with random weights, and what the steps of an engine consist of. */
@NullMarked
package org.deft4j.bench.model;

import org.jspecify.annotations.NullMarked;

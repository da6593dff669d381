/** Search strategies: pure ask/tell state machines without threads, clock, input or randomness. */
@NullMarked
package org.deft4j.search.strategy;

import org.jspecify.annotations.NullMarked;

/** Embedding DeFT, a strategy of one's own, and a task as a plugin. */
@NullMarked
package org.deft4j.examples;

import org.jspecify.annotations.NullMarked;

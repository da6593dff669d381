/** The game of 24, of Tree of Thoughts. */
@NullMarked
package org.deft4j.tasks.game24;

import org.jspecify.annotations.NullMarked;

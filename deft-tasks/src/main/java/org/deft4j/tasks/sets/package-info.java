/** Set intersection, the second task of Graph of Thoughts. */
@NullMarked
package org.deft4j.tasks.sets;

import org.jspecify.annotations.NullMarked;

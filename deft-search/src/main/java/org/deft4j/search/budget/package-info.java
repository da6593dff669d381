/** Limits of a search, reserved when work is asked for and settled when it is done. */
@NullMarked
package org.deft4j.search.budget;

import org.jspecify.annotations.NullMarked;

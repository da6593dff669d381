/** The built-in tasks, as a plugin like any other. */
@NullMarked
package org.deft4j.tasks;

import org.jspecify.annotations.NullMarked;

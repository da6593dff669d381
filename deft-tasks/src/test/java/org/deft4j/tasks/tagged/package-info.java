@NullMarked
package org.deft4j.tasks.tagged;

import org.jspecify.annotations.NullMarked;

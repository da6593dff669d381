@NullMarked
package org.deft4j.runtime.reward;

import org.jspecify.annotations.NullMarked;

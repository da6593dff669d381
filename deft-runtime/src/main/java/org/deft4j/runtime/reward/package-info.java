/** Reward models by name: a second model that is opened when a search first needs it. */
@NullMarked
package org.deft4j.runtime.reward;

import org.jspecify.annotations.NullMarked;

/**
 * Models of the Hugging Face hub: found in its own cache layout, which other tools share, or
 * downloaded into it ({@link org.deft4j.runtime.hub.Hub}).
 */
@NullMarked
package org.deft4j.runtime.hub;

import org.jspecify.annotations.NullMarked;

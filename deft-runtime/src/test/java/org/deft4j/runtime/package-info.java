/** Tests of plugin loading, of the model catalogue and of the facade. */
@NullMarked
package org.deft4j.runtime;

import org.jspecify.annotations.NullMarked;

/** Tests that the examples work, and that the README shows them as they are. */
@NullMarked
package org.deft4j.examples;

import org.jspecify.annotations.NullMarked;

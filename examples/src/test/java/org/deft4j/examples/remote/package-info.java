@NullMarked
package org.deft4j.examples.remote;

import org.jspecify.annotations.NullMarked;

/** Where the time of a decode step goes: {@code deft bench decode}. */
@NullMarked
package org.deft4j.bench.decode;

import org.jspecify.annotations.NullMarked;

/** Fixtures and contract tests that the modules and plugin authors share. */
@NullMarked
package org.deft4j.testing;

import org.jspecify.annotations.NullMarked;

/** Contract tests of strategies, tasks and evaluators, and a toy problem, for plugin authors. */
@NullMarked
package org.deft4j.search.testing;

import org.jspecify.annotations.NullMarked;

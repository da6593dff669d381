/** Keyword counting, the third task of Graph of Thoughts. */
@NullMarked
package org.deft4j.tasks.keywords;

import org.jspecify.annotations.NullMarked;

/** Document merging, the fourth task of Graph of Thoughts, graded without a model. */
@NullMarked
package org.deft4j.tasks.merging;

import org.jspecify.annotations.NullMarked;

/** Sorting lists of digits: problems, prompts and the score of Graph of Thoughts. */
@NullMarked
package org.deft4j.tasks.sorting;

import org.jspecify.annotations.NullMarked;

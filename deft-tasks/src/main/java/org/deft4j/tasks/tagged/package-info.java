/**
 * What tasks share for models that were trained on them: tags instead of words for the stages, and
 * a layout that improves, joins and judges attempts.
 */
@NullMarked
package org.deft4j.tasks.tagged;

import org.jspecify.annotations.NullMarked;

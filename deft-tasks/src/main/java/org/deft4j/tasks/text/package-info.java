/**
 * What tasks of text share: prompts as files that a user may replace, the turns of chat models, and
 * a layout that puts what all stages share first and a stage's own words last.
 */
@NullMarked
package org.deft4j.tasks.text;

import org.jspecify.annotations.NullMarked;

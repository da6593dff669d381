/**
 * What {@code deft bench} measures: the traffic of attention over recorded trees, and how often and
 * at what cost searches find right answers.
 */
@NullMarked
package org.deft4j.bench;

import org.jspecify.annotations.NullMarked;

/**
 * Strategies compared at equal budgets: accuracy and coverage against tokens, time and memory, with
 * intervals of paired bootstraps, and a plain word on whether search beat the cheap baselines.
 */
@NullMarked
package org.deft4j.bench.eval;

import org.jspecify.annotations.NullMarked;

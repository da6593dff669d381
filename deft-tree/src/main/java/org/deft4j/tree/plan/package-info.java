/**
 * Attention plans: which keys and values meet which query rows, in which order partial results are
 * reduced, and how many bytes that moves.
 *
 * <p>A plan is made once a step for all layers and heads. Its stage 1 is a list of groups: each has
 * pieces of stored tokens and an interval of query rows, and gives one partial result a row. Stage
 * 2 merges the partial results of each row by their log-sum-exp, in ascending order of groups
 * (DeFT, arXiv 2404.00242).
 */
@NullMarked
package org.deft4j.tree.plan;

import org.jspecify.annotations.NullMarked;

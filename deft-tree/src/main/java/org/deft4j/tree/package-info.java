/**
 * The forest of token segments and the bookkeeping of the key-value pages behind it.
 *
 * <p>Nothing here computes: no weights, no kernels, no text. The way of a step is
 *
 * <ol>
 *   <li>{@link org.deft4j.tree.Forest} keeps segments: runs of tokens without a branch. A fork
 *       shares what is above it and copies nothing; prompts that begin alike are the same segments
 *       for all trees. Each token has a slot of the {@link org.deft4j.tree.PagePool}, whose pages
 *       are counted by their live slots.
 *   <li>{@link org.deft4j.tree.RowBatch} collects which segments contribute query rows: newest
 *       tokens of branches that decode, chunks of prompts, draft tokens at inner segments.
 *   <li>{@link org.deft4j.tree.RowLayout} puts them in depth-first preorder, so that the rows that
 *       see a segment are one interval. No plan needs a mask a token.
 *   <li>{@link org.deft4j.tree.plan.AttentionPlanner} groups stored tokens with rows.
 * </ol>
 *
 * <p>The preorder is a list with labels that every change of the forest keeps; a layout is moved on
 * in place while only leaves grow, and so is the plan, so that a decode step costs the host time
 * linear in its rows. Steps allocate only when they are larger than all before.
 *
 * <p>Memory is bounded by the pool. When slots run short, demoted segments and cached prompts lose
 * theirs; tokens stay, so that keys and values can be computed again.
 */
@NullMarked
package org.deft4j.tree;

import org.jspecify.annotations.NullMarked;

/**
 * The forest of token segments and the bookkeeping of the key-value pages behind it.
 *
 * <p>Nothing here computes: no weights, no kernels, no text. A segment is a run of tokens without a
 * branch; a fork shares pages and copies none; live queries stand in depth-first leaf order, so
 * that the queries below a segment are one interval of rows.
 */
@NullMarked
package org.deft4j.tree;

import org.jspecify.annotations.NullMarked;

/**
 * The driver, which owns time: it turns the asks of strategies into operations on a {@link
 * org.deft4j.tree.decode.TreeDecoder}, keeps their budgets, and tells them what came of it.
 */
@NullMarked
package org.deft4j.search.driver;

import org.jspecify.annotations.NullMarked;

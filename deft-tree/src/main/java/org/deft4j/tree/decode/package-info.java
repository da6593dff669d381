/**
 * The decode contract: what a search asks of a language model that decodes a forest of branches.
 *
 * <p>A {@link org.deft4j.tree.decode.TreeDecoder} holds trees of token runs. Requests ({@code
 * extend}, {@code choices}, {@code decode}) are queued and answered by events of {@code step()},
 * which advances every live branch of every tree in one forward pass. A {@link
 * org.deft4j.tree.decode.NodeId} names the end of a branch and keeps naming it when a fork splits
 * the branch in its middle.
 */
@NullMarked
package org.deft4j.tree.decode;

import org.jspecify.annotations.NullMarked;

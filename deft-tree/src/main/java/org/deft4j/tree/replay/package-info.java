/**
 * Replays recorded trees of thoughts: the forest grows as it did in the recording, and each step's
 * attention plan is counted.
 *
 * <p>A recorded tree is a {@link org.deft4j.tree.replay.TreeTemplate}, as in the data set of the
 * DeFT paper; {@link org.deft4j.tree.replay.Replay} needs no model, for what is read does not
 * depend on the tokens.
 */
@NullMarked
package org.deft4j.tree.replay;

import org.jspecify.annotations.NullMarked;

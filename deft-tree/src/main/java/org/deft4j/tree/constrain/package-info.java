/**
 * Constraints on what a branch may write: regular expressions and context-free grammars over bytes,
 * turned into sets of allowed tokens.
 *
 * <p>A {@link org.deft4j.tree.constrain.Grammar} is compiled to networks of byte transitions, one a
 * rule, that call each other. {@link org.deft4j.tree.constrain.TokenMasks} runs all ways through
 * them at once, remembers the states that it met and the tokens allowed in each. Tokens may end
 * anywhere, within a code point too.
 */
@NullMarked
package org.deft4j.tree.constrain;

import org.jspecify.annotations.NullMarked;

package org.deft4j.tree.decode;

import org.deft4j.tree.plan.IoLedger;

/**
 * What a {@link TreeDecoder} has done since it was opened. Differences of two readings measure what
 * happened between them.
 *
 * @param steps forward passes
 * @param rows query rows computed: decoded, prefilled and re-computed tokens
 * @param decodedTokens tokens sampled
 * @param prefilledTokens tokens of prompts and extensions that were computed
 * @param reusedTokens tokens of prompts that were found in the cache and not computed
 * @param recomputedTokens tokens computed again: after an eviction, or to ask for logits at a place
 *     that was passed without keeping them
 * @param kvBytes key-value bytes in use now
 * @param kvBytesShared key-value bytes now saved by sharing: what the live branches would hold were
 *     each alone, less what they hold
 * @param io attention's traffic, summed over steps and layers
 */
public record DecoderStats(
    long steps,
    long rows,
    long decodedTokens,
    long prefilledTokens,
    long reusedTokens,
    long recomputedTokens,
    long kvBytes,
    long kvBytesShared,
    IoLedger io) {}

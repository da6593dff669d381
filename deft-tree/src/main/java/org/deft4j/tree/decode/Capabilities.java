package org.deft4j.tree.decode;

/**
 * What a {@link TreeDecoder} can do. A strategy that needs what is lacking refuses with a reason.
 *
 * @param forkInside {@code fork} inside a node, not only at its end
 * @param logProbs {@code extend} gives log-probabilities and samples carry them
 * @param choices {@code choices} is supported
 * @param demote {@code demote} and {@code restore} are supported
 * @param deterministic a branch's tokens do not depend on the other branches of its batch
 * @param maxLeaves most branches that decode at once
 * @param contextLength longest path in tokens
 */
public record Capabilities(
    boolean forkInside,
    boolean logProbs,
    boolean choices,
    boolean demote,
    boolean deterministic,
    int maxLeaves,
    int contextLength) {}

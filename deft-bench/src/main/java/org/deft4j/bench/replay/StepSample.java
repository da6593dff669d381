package org.deft4j.bench.replay;

import org.deft4j.tree.plan.IoLedger;

/**
 * A step that was measured.
 *
 * @param step its number in the recording
 * @param weight how many steps it stands for
 * @param rows query rows computed, a mean if several steps were measured
 * @param stepMicros the whole step; NaN if only attention was measured
 * @param attentionMicros attention of all layers
 * @param io what one layer's attention moves
 */
public record StepSample(
    int step, double weight, double rows, double stepMicros, double attentionMicros, IoLedger io) {}

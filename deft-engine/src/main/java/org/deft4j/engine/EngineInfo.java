package org.deft4j.engine;

import org.deft4j.engine.model.ModelConfig;
import org.deft4j.kernels.BackendInfo;
import org.deft4j.kernels.KvType;
import org.deft4j.tree.plan.AttentionMethod;

/**
 * What an engine runs, for reports.
 *
 * @param file the model's file
 * @param model its shape
 * @param parameters number of weights
 * @param weightType how they are stored, for instance {@code Q8_0}
 * @param weightBytes their bytes in the file
 * @param backend what computes
 * @param attention how tree attention groups
 * @param kvType how keys and values are stored
 * @param kvBytes memory held for keys and values
 * @param kvTokens tokens that fit
 * @param contextLength longest path in tokens
 */
public record EngineInfo(
    String file,
    ModelConfig model,
    long parameters,
    String weightType,
    long weightBytes,
    BackendInfo backend,
    AttentionMethod attention,
    KvType kvType,
    long kvBytes,
    int kvTokens,
    int contextLength) {}

package org.deft4j.kernels;

/** What every backend does. */
public abstract class BackendContract
    implements ProductContract, RowContract, AttentionContract, StepContract {}

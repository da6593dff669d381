/**
 * Recorded trees decoded again under each attention method: {@code deft bench replay}.
 *
 * <p>A {@link org.deft4j.bench.replay.Recording} says which tree stands at which step; {@link
 * org.deft4j.bench.replay.AttentionReplay} times attention alone there, {@link
 * org.deft4j.bench.replay.EngineReplay} decodes with a model.
 */
@NullMarked
package org.deft4j.bench.replay;

import org.jspecify.annotations.NullMarked;

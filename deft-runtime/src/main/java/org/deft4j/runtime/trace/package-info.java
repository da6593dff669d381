/**
 * Traces: searches written down event by event as JSON lines or Java Flight Recorder events, read
 * back, shown again without a model, and gone on with.
 */
@NullMarked
package org.deft4j.runtime.trace;

import org.jspecify.annotations.NullMarked;

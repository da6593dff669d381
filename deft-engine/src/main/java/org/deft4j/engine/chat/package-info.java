/**
 * Conversations as prompts: a model's own chat template, which is Jinja source, rendered by a small
 * interpreter ({@link org.deft4j.engine.chat.ChatTemplate}).
 *
 * <p>Jinjava, the kept library for the JVM, was weighed: it renders 37 of 46 published cases as
 * Python does, reports fatal errors on Qwen3's template, and brings 28 jars. What templates use is
 * little; what is not understood here is an error, never a prompt that is silently wrong.
 */
@NullMarked
package org.deft4j.engine.chat;

import org.jspecify.annotations.NullMarked;

/**
 * What a plugin implements: tasks with their problems and prompts, and factories of tasks,
 * strategies and evaluators that Guice map binders collect by name.
 */
@NullMarked
package org.deft4j.search.spi;

import org.jspecify.annotations.NullMarked;

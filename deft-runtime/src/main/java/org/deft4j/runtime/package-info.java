/**
 * The facade for embedding: models, plugins and engines brought together.
 *
 * <p>{@code Deft} opens a model and runs tasks in a few lines; {@link
 * org.deft4j.runtime.DeftModule} is the same for users of Guice. Plugins come from the class path
 * and from the folders of {@link org.deft4j.runtime.PluginPath}.
 */
@NullMarked
package org.deft4j.runtime;

import org.jspecify.annotations.NullMarked;

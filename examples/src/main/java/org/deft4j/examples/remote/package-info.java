/** A model behind an OpenAI-compatible server as the decoder of a search. */
@NullMarked
package org.deft4j.examples.remote;

import org.jspecify.annotations.NullMarked;

/** Text from a model without a search: continuing a prompt, chatting, and measuring perplexity. */
@NullMarked
package org.deft4j.runtime.text;

import org.jspecify.annotations.NullMarked;

/** What a search tells a listener while it runs. */
@NullMarked
package org.deft4j.search.event;

import org.jspecify.annotations.NullMarked;

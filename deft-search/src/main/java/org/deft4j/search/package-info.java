/** Tree-of-thoughts search: thoughts, what is known of them, and how good they are. */
@NullMarked
package org.deft4j.search;

import org.jspecify.annotations.NullMarked;

/** JSON (RFC 8259) as maps, lists and values: what configurations, tokenizers and reports need. */
@NullMarked
package org.deft4j.engine.json;

import org.jspecify.annotations.NullMarked;

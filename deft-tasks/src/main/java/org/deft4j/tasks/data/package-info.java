/** Reading problem files. */
@NullMarked
package org.deft4j.tasks.data;

import org.jspecify.annotations.NullMarked;

/** Free questions. */
@NullMarked
package org.deft4j.tasks.question;

import org.jspecify.annotations.NullMarked;

/** Mini crosswords of five by five letters, of Tree of Thoughts. */
@NullMarked
package org.deft4j.tasks.crosswords;

import org.jspecify.annotations.NullMarked;

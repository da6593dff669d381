/** Tests of the launcher and of the command line, run in this process where they can be. */
@NullMarked
package org.deft4j.cli;

import org.jspecify.annotations.NullMarked;

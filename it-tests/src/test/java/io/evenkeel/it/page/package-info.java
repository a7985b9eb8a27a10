/** The live page of the demonstration, in a real browser. */
@NullMarked
package io.evenkeel.it.page;

import org.jspecify.annotations.NullMarked;

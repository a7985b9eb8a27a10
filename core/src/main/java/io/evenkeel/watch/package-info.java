/**
 * Turns what a source says into what may be believed: settled, protected against sudden emptiness, last known good.
 */
@NullMarked
package io.evenkeel.watch;

import org.jspecify.annotations.NullMarked;

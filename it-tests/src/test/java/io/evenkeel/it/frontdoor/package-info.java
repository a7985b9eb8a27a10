/** Every public setting of every adapter, set to another value than its default, and what comes of it. */
@NullMarked
package io.evenkeel.it.frontdoor;

import org.jspecify.annotations.NullMarked;

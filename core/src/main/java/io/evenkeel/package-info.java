/** What holds for the API of every module: {@link io.evenkeel.Experimental}. */
@NullMarked
package io.evenkeel;

import org.jspecify.annotations.NullMarked;

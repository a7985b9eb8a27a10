/**
 * Which endpoints are left out for a while because connecting to them, or talking to them, fails.
 */
@NullMarked
package io.evenkeel.health;

import org.jspecify.annotations.NullMarked;

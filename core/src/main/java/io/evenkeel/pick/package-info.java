/**
 * Which of the connections that are there gets the next request. {@link io.evenkeel.pick.Rotation} is the starting
 * point; an adapter keeps one {@link io.evenkeel.pick.RequestStatistics} per connection and reports to it what became
 * of each request.
 */
@NullMarked
package io.evenkeel.pick;

import org.jspecify.annotations.NullMarked;

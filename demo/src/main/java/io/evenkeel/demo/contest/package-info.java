/**
 * What the acts of several protocols share that play the same events with several clients: load at a steady rate, what
 * became of it, and the table in which only the first client is judged.
 */
@NullMarked
package io.evenkeel.demo.contest;

import org.jspecify.annotations.NullMarked;

/**
 * Immutable snapshots of what a pool looks like now, and their JMX view.
 */
@NullMarked
package io.evenkeel.status;

import org.jspecify.annotations.NullMarked;

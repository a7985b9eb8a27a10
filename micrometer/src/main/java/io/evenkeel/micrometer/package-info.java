/**
 * Meters of all adapters, for Micrometer. Starting point: {@link io.evenkeel.micrometer.EvenkeelMetrics}; every meter
 * is described in {@link io.evenkeel.micrometer.EvenkeelMeter}.
 */
@Experimental
@NullMarked
package io.evenkeel.micrometer;

import io.evenkeel.Experimental;
import org.jspecify.annotations.NullMarked;

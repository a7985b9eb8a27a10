/**
 * Meters of all adapters, for Micrometer. Starting point: {@link io.evenkeel.micrometer.EvenkeelMetrics}; every meter
 * is described in {@link io.evenkeel.micrometer.EvenkeelMeter}.
 */
@NullMarked
package io.evenkeel.micrometer;

import org.jspecify.annotations.NullMarked;

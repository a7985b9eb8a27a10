/**
 * Where endpoints come from: the {@link io.evenkeel.source.EndpointSource} SPI, found by scheme, what all sources
 * share, and {@code static:}. The other sources of core are in the packages below.
 */
@NullMarked
package io.evenkeel.source;

import org.jspecify.annotations.NullMarked;

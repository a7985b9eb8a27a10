/**
 * Where endpoints come from: the {@link io.evenkeel.source.EndpointSource} SPI, found by scheme, and the sources that
 * need no further library than DNS.
 */
@NullMarked
package io.evenkeel.source;

import org.jspecify.annotations.NullMarked;

/**
 * Several sources in turn, and a snapshot to start with while none answers.
 *
 * <p>Starting point: {@link io.evenkeel.source.fallback.FallbackSourceProvider}.
 */
@NullMarked
package io.evenkeel.source.fallback;

import org.jspecify.annotations.NullMarked;

/**
 * Programs that measure and print; nothing here is asserted or deployed.
 */
@NullMarked
package io.evenkeel.benchmarks;

import org.jspecify.annotations.NullMarked;

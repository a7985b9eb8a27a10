/**
 * Processes that the demonstration and the integration tests start.
 */
@NullMarked
package io.evenkeel.demo.process;

import org.jspecify.annotations.NullMarked;

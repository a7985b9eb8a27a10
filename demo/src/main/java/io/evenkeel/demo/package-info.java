/**
 * The demonstration: plain HikariCP through a Service and Evenkeel over the Pods, side by side on real PostgreSQL
 * servers.
 */
@NullMarked
package io.evenkeel.demo;

import org.jspecify.annotations.NullMarked;

/**
 * Real PostgreSQL servers on loopback addresses that stand for the Pods behind a Service. Nothing needs to be
 * installed: the servers' binaries are Maven artefacts.
 *
 * <p>Starting points: {@link io.evenkeel.demo.postgres.PostgresPods}, {@link io.evenkeel.demo.postgres.PostgresServer}.
 */
@NullMarked
package io.evenkeel.demo.postgres;

import org.jspecify.annotations.NullMarked;

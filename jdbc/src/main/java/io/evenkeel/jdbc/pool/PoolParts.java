package io.evenkeel.jdbc.pool;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.jdbc.driver.Credentials;
import io.evenkeel.jdbc.handle.FaultClassifier;
import io.evenkeel.spi.EndpointSignals;
import io.evenkeel.time.Ticker;
import java.util.concurrent.ThreadFactory;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * What a pool is made of.
 *
 * @param drivers makes the data source for one Pod; may throw, which fails that Pod's dials until it no longer does
 * @param credentials read for every new connection
 * @param observers of HikariCP's settings
 * @param classifier decides what a failure means
 * @param threads for the pool's own threads, or null
 */
public record PoolParts(
        Function<Endpoint, DataSource> drivers,
        Supplier<Credentials> credentials,
        EndpointSignals signals,
        MetricsRecorder metrics,
        Observers observers,
        FaultClassifier classifier,
        @Nullable ThreadFactory threads,
        Ticker ticker,
        long seed) {}

package io.evenkeel.jdbc.hikari;

import com.zaxxer.hikari.metrics.IMetricsTracker;
import com.zaxxer.hikari.metrics.MetricsTrackerFactory;
import com.zaxxer.hikari.metrics.PoolStats;
import io.evenkeel.spi.Guard;
import java.util.Objects;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;

/**
 * A tracker of a HikariCP pool's metrics that can neither fail nor hold up what it measures: HikariCP calls it in the
 * middle of its own work, and loses the connection that it was about to hand out, or the thread that connects, if it
 * throws. It is made away from the control thread, on which Pods join; what is recorded before is not counted.
 * Thread-safe.
 */
final class GuardedTracker implements IMetricsTracker {
    private static final IMetricsTracker NONE = new IMetricsTracker() {};

    private final Guard guard;
    private final FutureTask<IMetricsTracker> made;

    private GuardedTracker(Guard guard, FutureTask<IMetricsTracker> made) {
        this.guard = guard;
        this.made = made;
    }

    /** @param io runs what may block */
    static MetricsTrackerFactory factory(MetricsTrackerFactory foreign, Guard guard, Consumer<Runnable> io) {
        return (pool, stats) -> {
            FutureTask<IMetricsTracker> made = new FutureTask<>(() -> make(foreign, guard, pool, stats));
            io.accept(made);
            return new GuardedTracker(guard, made);
        };
    }

    private static IMetricsTracker make(MetricsTrackerFactory foreign, Guard guard, String pool, PoolStats stats) {
        return guard.call(
                "metricsTrackerFactory",
                null,
                () -> Objects.requireNonNullElse(foreign.create(pool, stats), NONE),
                failure -> NONE);
    }

    private void record(String kind, Consumer<IMetricsTracker> call) {
        // Does nothing where it has begun on another thread.
        made.run();
        if (made.isDone()) {
            guard.run(kind, null, () -> call.accept(made.get()));
        }
    }

    @Override
    public void recordConnectionCreatedMillis(long millis) {
        record("connectionCreated", tracker -> tracker.recordConnectionCreatedMillis(millis));
    }

    @Override
    public void recordConnectionAcquiredNanos(long nanos) {
        record("connectionAcquired", tracker -> tracker.recordConnectionAcquiredNanos(nanos));
    }

    @Override
    public void recordConnectionUsageMillis(long millis) {
        record("connectionUsage", tracker -> tracker.recordConnectionUsageMillis(millis));
    }

    @Override
    public void recordConnectionTimeout() {
        record("connectionTimeout", IMetricsTracker::recordConnectionTimeout);
    }

    @Override
    public void close() {
        record("close", IMetricsTracker::close);
    }
}

package io.evenkeel.spring;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.status.PoolStatus;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/** The pools of the application, as they start and close; passes everything on to another recorder. Thread-safe. */
public class PoolDirectory implements MetricsRecorder {
    private final MetricsRecorder next;
    private final List<Supplier<PoolStatus>> pools = new CopyOnWriteArrayList<>();

    public PoolDirectory(MetricsRecorder next) {
        this.next = next;
    }

    /** The pools that run now, as they are at this moment. */
    public List<PoolStatus> pools() {
        return pools.stream().map(Supplier::get).toList();
    }

    @Override
    public void poolStarted(String pool, Supplier<PoolStatus> status) {
        pools.add(status);
        next.poolStarted(pool, status);
    }

    @Override
    public void poolClosed(String pool, Supplier<PoolStatus> status) {
        pools.remove(status);
        next.poolClosed(pool, status);
    }

    @Override
    public void acquireWaited(String pool, Duration waited, boolean acquired) {
        next.acquireWaited(pool, waited, acquired);
    }

    @Override
    public void connectionOpened(String pool, EndpointKey endpoint, Duration took) {
        next.connectionOpened(pool, endpoint, took);
    }

    @Override
    public void connectionFailed(String pool, EndpointKey endpoint) {
        next.connectionFailed(pool, endpoint);
    }

    @Override
    public void connectionMoved(String pool, EndpointKey from, EndpointKey to) {
        next.connectionMoved(pool, from, to);
    }

    @Override
    public void moveRolledBack(String pool, EndpointKey from, EndpointKey to) {
        next.moveRolledBack(pool, from, to);
    }

    @Override
    public void endpointEjected(String pool, EndpointKey endpoint) {
        next.endpointEjected(pool, endpoint);
    }

    @Override
    public void endpointReadmitted(String pool, EndpointKey endpoint) {
        next.endpointReadmitted(pool, endpoint);
    }

    @Override
    public void drainStarted(String pool, EndpointKey endpoint, int connections) {
        next.drainStarted(pool, endpoint, connections);
    }

    @Override
    public void drained(String pool, EndpointKey endpoint, Duration took, boolean withinDeadline) {
        next.drained(pool, endpoint, took, withinDeadline);
    }
}

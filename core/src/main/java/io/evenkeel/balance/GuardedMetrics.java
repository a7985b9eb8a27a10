package io.evenkeel.balance;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.endpoint.TypeNames;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.status.PoolStatus;
import java.time.Duration;
import java.util.function.Supplier;

/** The application's recorder, called where it can neither throw into anything nor hold anything up. Thread-safe. */
final class GuardedMetrics implements MetricsRecorder {

    private final MetricsRecorder recorder;
    private final EventDispatch dispatch;
    private final String kind;

    private GuardedMetrics(MetricsRecorder recorder, EventDispatch dispatch) {
        this.recorder = recorder;
        this.dispatch = dispatch;
        this.kind = "the metrics recorder " + TypeNames.of(recorder);
    }

    /** The recorder behind the guard; one that records nothing needs none. */
    static MetricsRecorder of(MetricsRecorder recorder, EventDispatch dispatch) {
        return recorder.equals(MetricsRecorder.none()) ? recorder : new GuardedMetrics(recorder, dispatch);
    }

    /** In place, on the thread that builds the pool: gauges are there when it is built. */
    @Override
    public void poolStarted(String pool, Supplier<PoolStatus> status) {
        dispatch.inPlace(kind, () -> recorder.poolStarted(pool, status));
    }

    @Override
    public void poolClosed(String pool, Supplier<PoolStatus> status) {
        dispatch.dispatch(kind, null, () -> recorder.poolClosed(pool, status));
    }

    @Override
    public void acquireWaited(String pool, Duration waited, boolean acquired) {
        dispatch.dispatch(kind, null, () -> recorder.acquireWaited(pool, waited, acquired));
    }

    @Override
    public void moveRolledBack(String pool, EndpointKey from, EndpointKey to) {
        dispatch.dispatch(kind, from, () -> recorder.moveRolledBack(pool, from, to));
    }

    @Override
    public void endpointReadmitted(String pool, EndpointKey endpoint) {
        dispatch.dispatch(kind, endpoint, () -> recorder.endpointReadmitted(pool, endpoint));
    }

    @Override
    public void drainStarted(String pool, EndpointKey endpoint, int connections) {
        dispatch.dispatch(kind, endpoint, () -> recorder.drainStarted(pool, endpoint, connections));
    }

    @Override
    public void connectionOpened(String pool, EndpointKey endpoint, Duration took) {
        dispatch.dispatch(kind, endpoint, () -> recorder.connectionOpened(pool, endpoint, took));
    }

    @Override
    public void connectionFailed(String pool, EndpointKey endpoint) {
        dispatch.dispatch(kind, endpoint, () -> recorder.connectionFailed(pool, endpoint));
    }

    @Override
    public void connectionMoved(String pool, EndpointKey from, EndpointKey to) {
        dispatch.dispatch(kind, from, () -> recorder.connectionMoved(pool, from, to));
    }

    @Override
    public void endpointEjected(String pool, EndpointKey endpoint) {
        dispatch.dispatch(kind, endpoint, () -> recorder.endpointEjected(pool, endpoint));
    }

    @Override
    public void drained(String pool, EndpointKey endpoint, Duration took, boolean withinDeadline) {
        dispatch.dispatch(kind, endpoint, () -> recorder.drained(pool, endpoint, took, withinDeadline));
    }
}

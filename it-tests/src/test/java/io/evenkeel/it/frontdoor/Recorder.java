package io.evenkeel.it.frontdoor;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.status.PoolStatus;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/** Remembers what was measured. */
final class Recorder implements MetricsRecorder {

    final Set<String> measured = ConcurrentHashMap.newKeySet();

    @Override
    public void poolStarted(String pool, Supplier<PoolStatus> status) {
        measured.add("poolStarted");
    }

    @Override
    public void poolClosed(String pool, Supplier<PoolStatus> status) {
        measured.add("poolClosed");
    }

    @Override
    public void connectionOpened(String pool, EndpointKey endpoint, Duration took) {
        measured.add("connectionOpened");
    }
}

package io.evenkeel.health;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.time.Ticker;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Decides which endpoints of one pool are left out for a while because they fail. */
public final class EndpointHealth {

    public EndpointHealth(String pool, HealthConfig config, Ticker ticker, RandomGenerator random, Runnable onChange) {}

    /** Connecting to the endpoint or talking to it failed. Any thread. */
    public void failed(EndpointKey endpoint, Throwable cause) {}

    /** Work at the endpoint went well. Any thread. */
    public void succeeded(EndpointKey endpoint) {}

    /** Which endpoints exist now. Control thread only. */
    public void retain(Set<EndpointKey> endpoints) {}

    /** What holds now. Control thread only. */
    public HealthView view() {
        return HealthView.none();
    }

    /** A probe begins; false if the endpoint is not waiting for one, and then none should be made. Control thread only. */
    public boolean beginProbe(EndpointKey endpoint) {
        return false;
    }

    /** A probe ended. Control thread only. */
    public void probed(EndpointKey endpoint, boolean ok, @Nullable Throwable cause) {}

    /** When, on the ticker, time alone next changes {@link #view()}, or null if never. Control thread only. */
    public @Nullable Long nextDue() {
        return null;
    }
}

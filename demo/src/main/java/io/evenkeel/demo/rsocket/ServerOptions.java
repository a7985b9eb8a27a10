package io.evenkeel.demo.rsocket;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a server offers; fixed while it runs.
 *
 * @param mtu the size above which it sends frames in fragments, in bytes; 0: never
 * @param leases what it grants, or null if it knows no leases
 * @param resumes whether a connection that breaks may be resumed
 */
public record ServerOptions(int mtu, @Nullable Leases leases, boolean resumes) {

    /**
     * A lease of so many requests, granted anew each period.
     *
     * @param requests per lease; 0 grants nothing at all
     * @param timeToLive how long one is valid
     * @param period how long until the next; zero: only one is ever granted
     */
    public record Leases(int requests, Duration timeToLive, Duration period) {}

    /** Neither fragments, nor leases, nor resumption. */
    public static ServerOptions plain() {
        return new ServerOptions(0, null, false);
    }

    public ServerOptions withMtu(int newMtu) {
        return new ServerOptions(newMtu, leases, resumes);
    }

    public ServerOptions withLeases(Leases newLeases) {
        return new ServerOptions(mtu, newLeases, resumes);
    }

    public ServerOptions withResumption() {
        return new ServerOptions(mtu, leases, true);
    }
}

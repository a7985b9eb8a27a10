package io.evenkeel.amqp;

import io.evenkeel.endpoint.EndpointKey;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Somebody who wants a seat: the application, which waits for a new connection, or a connection that was lost. Handled by one
 * thread at a time.
 */
final class ConnectRequest {

    /** At so many endpoints a new connection is tried before the application is told. */
    private static final int ATTEMPTS = 3;

    private final Dialer dialer;
    private final @Nullable VirtualConnection lost;
    private final CompletableFuture<VirtualConnection> opened = new CompletableFuture<>();
    private final Set<EndpointKey> tried = new HashSet<>();
    private int attempts;

    private ConnectRequest(Dialer dialer, @Nullable VirtualConnection lost) {
        this.dialer = dialer;
        this.lost = lost;
    }

    static ConnectRequest forNew(Dialer dialer) {
        return new ConnectRequest(dialer, null);
    }

    static ConnectRequest forLost(VirtualConnection connection) {
        return new ConnectRequest(connection.dialer(), connection);
    }

    Dialer dialer() {
        return dialer;
    }

    @Nullable
    VirtualConnection lost() {
        return lost;
    }

    CompletableFuture<VirtualConnection> opened() {
        return opened;
    }

    /** Whether it wants nothing any more. */
    boolean isOver() {
        return lost == null ? opened.isDone() : lost.state() != VirtualConnection.State.RECOVERING;
    }

    /** An attempt failed. @return whether another is worth it */
    boolean failedAt(EndpointKey endpoint) {
        attempts++;
        tried.add(endpoint);
        return lost != null || attempts < ATTEMPTS;
    }
}

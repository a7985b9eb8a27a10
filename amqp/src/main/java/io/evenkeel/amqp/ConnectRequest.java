package io.evenkeel.amqp;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * A request for a seat: of the application, which waits for a new connection, or a connection that was lost. Handled by
 * one thread at a time.
 */
final class ConnectRequest {

    /** At so many endpoints a new connection is tried before the caller gets the failure. */
    private static final int ATTEMPTS = 3;

    private final Dialer dialer;
    private final @Nullable VirtualConnection lost;
    private final CompletableFuture<VirtualConnection> opened = new CompletableFuture<>();
    private int failures;

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

    /** Whether it is not wanted any more. */
    boolean isOver() {
        return lost == null ? opened.isDone() : lost.state() != VirtualConnection.State.RECOVERING;
    }

    /** An attempt failed. @return whether another is worth it */
    boolean failed() {
        failures++;
        return lost != null || failures < ATTEMPTS;
    }

    /** Attempts that failed. */
    int failures() {
        return failures;
    }
}

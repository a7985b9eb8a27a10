package io.evenkeel.jdbc.driver;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/** Turns what a channel fails with into what a socket fails with, which is what drivers expect. */
final class SocketFailures {
    private SocketFailures() {}

    static SocketException of(@Nullable String message, Throwable cause) {
        SocketException failure = new SocketException(message);
        failure.initCause(cause);
        return failure;
    }

    static IOException of(IOException failure) {
        if (failure instanceof SocketException
                || failure instanceof InterruptedIOException
                || failure instanceof UnknownHostException) {
            return failure;
        }
        String message = failure instanceof ClosedChannelException ? "Socket closed" : failure.getMessage();
        return of(message, failure);
    }
}

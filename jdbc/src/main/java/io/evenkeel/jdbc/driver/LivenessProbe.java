package io.evenkeel.jdbc.driver;

/**
 * Looks at one connection's socket: one system call of less than a microsecond, no allocation, no round trip.
 * Thread-safe; meant for connections that no thread uses at that moment.
 */
@FunctionalInterface
public interface LivenessProbe {
    /** For a connection whose socket is not ours. */
    LivenessProbe NONE = () -> Liveness.UNKNOWN;

    /** Never blocks and never throws, also not after the connection was closed. What it reads is read again later. */
    Liveness peek();
}

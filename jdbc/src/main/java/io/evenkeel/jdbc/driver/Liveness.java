package io.evenkeel.jdbc.driver;

/**
 * What a look at a connection's socket shows. The server is asked nothing, so only what it said or did by itself
 * counts.
 */
public enum Liveness {
    /** No end of stream and nothing to read: as far as this host has been notified, the connection works. */
    ALIVE,

    /**
     * Bytes wait to be read. The server's farewell, or a notification, or a message of TLS itself: validate the
     * connection before it is handed out, do not discard it unheard.
     */
    DATA_WAITING,

    /** The server closed or reset the connection, or this side closed the socket. Evict it and report the endpoint. */
    DEAD,

    /** The socket is not ours, or a thread reads from it at this moment. Treat the connection as without this look. */
    UNKNOWN
}

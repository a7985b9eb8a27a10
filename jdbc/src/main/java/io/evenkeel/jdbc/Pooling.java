package io.evenkeel.jdbc;

/** What holds the connections of an {@link EvenkeelDataSource}. */
public enum Pooling {
    /** Evenkeel's own engine: one set of seats over all Pods, each of which holds its connection. The default. */
    SEATS,

    /**
     * A HikariCP pool per Pod, beneath Evenkeel's seats: for applications that need HikariCP itself to hold the
     * connections. Slower, with more threads, and with the limits that docs/hikari.md lists.
     */
    HIKARI_PER_POD
}

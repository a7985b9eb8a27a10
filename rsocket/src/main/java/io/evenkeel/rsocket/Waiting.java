package io.evenkeel.rsocket;

/** What waits for a connection. Thread-safe. */
interface Waiting {

    /** What became of an attempt to place it. */
    enum Placement {
        /** It has a connection, and is to be {@link #start started} once. */
        PLACED,
        /** There is no connection now. */
        NONE,
        /** It doesn't wait any more. */
        GONE
    }

    /** Gives it a connection if there is one. Runs none of the application's code. */
    Placement place();

    /** Starts it on the connection that it was placed on; the application's code may run, block and throw. */
    void start();

    /** It gets no connection; the application's code may run. */
    void refuse(Throwable error);

    /** Whether it waits no more. */
    boolean isDone();

    /** It is about to be queued: {@code leave} takes it out again, in no time and once. */
    void queued(Runnable leave);
}

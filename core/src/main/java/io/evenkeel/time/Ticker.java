package io.evenkeel.time;

/**
 * A source of elapsed time in nanoseconds with an arbitrary origin, as {@link System#nanoTime()}: only differences mean
 * anything. Implementations are thread-safe.
 */
@FunctionalInterface
public interface Ticker {

    /** Nanoseconds since this ticker's arbitrary origin; never goes back. */
    long nanos();

    /** The JVM's own high-resolution time source. */
    static Ticker system() {
        return System::nanoTime;
    }
}

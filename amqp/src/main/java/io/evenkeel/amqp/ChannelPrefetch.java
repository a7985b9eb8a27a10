package io.evenkeel.amqp;

import java.io.IOException;

/** The prefetch counts that the application has set on one channel; each is -1 until then. Thread-safe. */
final class ChannelPrefetch {

    private volatile int size;
    private volatile int perConsumer = -1;
    private volatile int shared = -1;

    /** Of consumers that begin from now on. */
    int perConsumer() {
        return perConsumer;
    }

    /** Whether there is a limit for all consumers of the channel together. */
    boolean isShared() {
        return shared > 0;
    }

    /** The application sets one. */
    void set(RawChannel raw, int newSize, int count, boolean global) throws IOException {
        raw.channel().basicQos(newSize, count, global);
        size = newSize;
        if (global) {
            shared = count;
            raw.sharedPrefetch = count;
        } else {
            perConsumer = count;
            raw.prefetch = count;
        }
    }

    /** As it is in force; what is so already is not asked for again. */
    void apply(RawChannel raw) throws IOException {
        if (shared >= 0 && raw.sharedPrefetch != shared) {
            raw.channel().basicQos(size, shared, true);
            raw.sharedPrefetch = shared;
        }
        applyPerConsumer(raw, perConsumer);
    }

    /** What a consumer began with that is started again. */
    void applyPerConsumer(RawChannel raw, int count) throws IOException {
        // A channel that nothing was set for has no limit, and a consumer that began then keeps none.
        int wanted = Math.max(0, count);
        if (Math.max(0, raw.prefetch) != wanted) {
            raw.channel().basicQos(size, wanted, false);
            raw.prefetch = wanted;
        }
    }
}

package io.evenkeel.watch;

import java.time.Duration;

/** One listener of one target. Thread-safe. */
public interface Subscription extends AutoCloseable {

    /**
     * What is believed now, possibly a moment before the consumer receives it. Of two equal states this has the
     * later {@link WatchSnapshot#answeredAtNanos()}: answers that change nothing are not told, but show here.
     */
    WatchSnapshot current();

    /**
     * Ends it. The consumer is not called any more once this has returned; if it is being called by the watch
     * thread, this waits for it, unless it is the consumer itself that closes. The last subscriber also ends the
     * threads and waits up to 5 s until they are gone. May be called again.
     */
    @Override
    void close();

    /**
     * Ends it as {@link #close()} does, but keeps the watch alive for a while: a subscriber of the same target that
     * comes before then finds the endpoints known and costs the source nothing. For clients that come and go, such
     * as channels that fall idle.
     *
     * @param linger how long; zero or less is as {@code close()}
     */
    void closeAfter(Duration linger);
}

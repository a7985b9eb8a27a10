package io.evenkeel.amqp;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.Guard;
import io.evenkeel.time.Scheduler;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** What a virtual connection needs of the pool that it is in. No method blocks. */
interface ConnectionHost {

    /** Runs soon, on a thread that may block. */
    void inBackground(Runnable task);

    /** A raw connection was opened, for any reason. */
    void linkOpened(EndpointKey endpoint, Duration took);

    /** A raw connection is closed, for any reason. */
    void linkClosed(EndpointKey endpoint);

    /** The connection is without a link and wants one; {@link VirtualConnection#recover} takes it. */
    void lost(VirtualConnection connection, EndpointKey endpoint, Throwable cause);

    /** The application, or a failure that is not recovered, closed the connection for good. */
    void closed(VirtualConnection connection, EndpointKey endpoint, boolean hadLink);

    /** What the connection's channels paused for. */
    void publisherPaused(Duration pause);

    void consumerGap(Duration gap);

    /** What foreign code runs behind. */
    Guard guard();

    long nanos();

    /** What threads that hold this lock wait on. */
    default Condition condition(ReentrantLock lock) {
        return lock.newCondition();
    }

    /** Runs a task that doesn't block once, that much later; the result takes it back. */
    Scheduler.Cancellable after(Duration delay, Runnable task);

    /** The same for a task that may block. */
    default Scheduler.Cancellable inBackgroundAfter(Duration delay, Runnable task) {
        return after(delay, () -> inBackground(task));
    }
}

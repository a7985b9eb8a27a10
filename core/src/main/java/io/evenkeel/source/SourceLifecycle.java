package io.evenkeel.source;

import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The part of the SPI's contract that is the same for every source: started once, one report at a time, none after
 * close. For those who implement {@link EndpointSource}. Thread-safe.
 *
 * <p>Invariant: the observer is called under the lock, and close takes the lock; so no call is running when close
 * returns. This is the one place where an observer runs under a lock: the SPI asks it to return quickly and never to
 * throw, and the lock is this source's own. A reentrant close from within the observer is fine.
 */
public final class SourceLifecycle {

    private final ReentrantLock lock = new ReentrantLock();
    private EndpointSource.@Nullable Observer observer;
    private volatile boolean closed;

    /** @throws IllegalStateException if started before */
    public void start(EndpointSource.Observer toTell) {
        Objects.requireNonNull(toTell, "observer");
        lock.lock();
        try {
            if (observer != null) {
                throw new IllegalStateException("start: called again (expected: once)");
            }
            observer = toTell;
        } finally {
            lock.unlock();
        }
    }

    /** Tells the observer, unless it is closed or not started. */
    public void report(EndpointSource.Report report) {
        lock.lock();
        try {
            EndpointSource.Observer told = observer;
            if (!closed && told != null) {
                told.on(report);
            }
        } finally {
            lock.unlock();
        }
    }

    public boolean isClosed() {
        return closed;
    }

    /** From its return on nothing is reported; may be called again. */
    public void close() {
        lock.lock();
        try {
            closed = true;
        } finally {
            lock.unlock();
        }
    }
}

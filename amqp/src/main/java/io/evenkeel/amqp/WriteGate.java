package io.evenkeel.amqp;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/**
 * What every operation of a channel passes that must not straddle a switch from one raw channel to another. It costs
 * two atomic operations while it is open.
 *
 * <p>Invariants: once {@link #close} has returned true and until {@link #open}, no thread is inside but one that always
 * passes; its closer opens it, within a bound. It is never closed while its closer waits for anything that a handler of
 * the application does (acknowledging, for one): handlers publish before they acknowledge, so they would wait for the
 * gate and its closer for them. What its closer may wait for are confirms, which come on the raw connection's reader
 * thread; so a reader thread, on which the application's confirm and return listeners run, must pass even while it is
 * closed.
 */
final class WriteGate {

    /** What a gate waits for operations under way, in a switch that has to happen. */
    static final long SWITCH_NANOS = TimeUnit.SECONDS.toNanos(2);

    private static final int CLOSED = Integer.MIN_VALUE;

    /** Tells whether the calling thread passes always. */
    private final BooleanSupplier passes;
    /** The number of those inside, and the sign bit while it is closed, which only changes under the lock. */
    private final AtomicInteger state = new AtomicInteger();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition opened;
    private final Condition emptied;

    WriteGate(BooleanSupplier passes) {
        this(passes, ReentrantLock::newCondition);
    }

    WriteGate(BooleanSupplier passes, Conditions conditions) {
        this.passes = passes;
        opened = conditions.of(lock);
        emptied = conditions.of(lock);
    }

    /** While set, no thread passes: the switch itself, which waits for nothing, is under way. */
    private volatile boolean sealed;

    private volatile boolean passed;

    /** Comes in, at once or when it is open again. */
    void enter() {
        if (state.incrementAndGet() < 0) {
            if (sealed || !passes.getAsBoolean()) {
                exit();
                await();
            } else {
                passed = true;
            }
        }
    }

    /** Whether a thread that must not be kept waiting passed it while it was closed, since {@link #forgetPassed}. */
    boolean wasPassed() {
        return passed;
    }

    void forgetPassed() {
        passed = false;
    }

    private void await() {
        lock.lock();
        try {
            while (isClosed()) {
                opened.awaitUninterruptibly();
            }
            state.incrementAndGet();
        } finally {
            lock.unlock();
        }
    }

    void exit() {
        if (state.decrementAndGet() == CLOSED) {
            lock.lock();
            try {
                emptied.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /**
     * Closes it and waits until no thread is inside.
     *
     * @return false if a thread still is after that time; it is closed all the same
     */
    boolean close(long waitNanos) throws InterruptedException {
        lock.lock();
        try {
            state.getAndUpdate(value -> value | CLOSED);
            long left = waitNanos;
            while (state.get() != CLOSED) {
                if (left <= 0) {
                    return false;
                }
                left = emptied.awaitNanos(left);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** For a closed gate: waits until those that passed it are out, and lets none pass any more. */
    boolean seal(long waitNanos) throws InterruptedException {
        sealed = true;
        return close(waitNanos);
    }

    void unseal() {
        sealed = false;
    }

    void open() {
        lock.lock();
        try {
            sealed = false;
            state.getAndUpdate(value -> value & ~CLOSED);
            opened.signalAll();
        } finally {
            lock.unlock();
        }
    }

    boolean isClosed() {
        return state.get() < 0;
    }
}

package io.evenkeel.amqp;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Keeps moves apart from requests that a move can't carry along, such as the declaration of an exclusive queue: such a
 * request asks a move that is under way to stop, waits until it has, and runs then; while one runs, no move begins.
 *
 * <p>Invariant: from {@link #beginMove} to {@link #endMove} no pinning request runs, except one that waited in vain for
 * {@value #PATIENCE_SECONDS} s, and, once {@link #sendersAreBack}, those that are sent and not received. Thread-safe.
 */
final class MoveInterlock {

    private static final long PATIENCE_SECONDS = 10;

    private final Runnable onVeto;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed;
    /** Guarded by the lock, as the next two. */
    private int running;

    private boolean moving;
    private boolean sendersBack;
    private volatile @Nullable String veto;

    /** @param onVeto wakes the mover */
    MoveInterlock(Runnable onVeto, Conditions conditions) {
        this.onVeto = onVeto;
        changed = conditions.of(lock);
    }

    /**
     * Before a pinning request; {@link #exit} after it, when what pins is recorded.
     *
     * @param sent whether it only needs the sending side
     */
    void enter(String reason, boolean sent) {
        boolean asks;
        lock.lock();
        try {
            running++;
            asks = moving && veto == null;
            if (asks) {
                veto = reason;
            }
        } finally {
            lock.unlock();
        }
        if (asks) {
            onVeto.run();
        }
        lock.lock();
        try {
            long left = TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            while (moving && !(sent && sendersBack) && left > 0) {
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            // The request itself finds it and fails as it would have.
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    void exit() {
        lock.lock();
        try {
            running--;
        } finally {
            lock.unlock();
        }
    }

    /** @return false while a pinning request runs */
    boolean beginMove() {
        lock.lock();
        try {
            if (running > 0 || moving) {
                return false;
            }
            moving = true;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Why the move is to stop, or null. */
    @Nullable
    String veto() {
        return veto;
    }

    /** A move that is taken back has brought every sending side back. */
    void sendersAreBack() {
        lock.lock();
        try {
            sendersBack = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    void endMove() {
        lock.lock();
        try {
            moving = false;
            sendersBack = false;
            veto = null;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }
}

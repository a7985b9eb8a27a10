package io.evenkeel.watch;

import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Runs calls of sources, each on a thread of its own, since any of them may never return; knows when none is under way.
 * Thread-safe.
 */
final class SourceThreads implements Executor {

    private final ExecutorService threads;
    // Invariant: the calls that have been handed over and have not ended.
    private final AtomicInteger pending = new AtomicInteger();
    private final AtomicReference<@Nullable Runnable> whenIdle = new AtomicReference<>();

    /** @param threads as many as there are calls; belong to this from now on */
    SourceThreads(ExecutorService threads) {
        this.threads = threads;
    }

    @Override
    public void execute(Runnable call) {
        pending.incrementAndGet();
        boolean taken = false;
        try {
            threads.execute(() -> {
                try {
                    call.run();
                } finally {
                    ended();
                }
            });
            taken = true;
        } finally {
            if (!taken) {
                ended();
            }
        }
    }

    /**
     * Runs this when no call is under way, possibly in place, and possibly more than once. Calls that a running call
     * hands over are waited for, too.
     */
    void whenIdle(Runnable then) {
        pending.incrementAndGet();
        whenIdle.set(then);
        ended();
    }

    private void ended() {
        if (pending.decrementAndGet() == 0) {
            Runnable then = whenIdle.get();
            if (then != null) {
                then.run();
            }
        }
    }

    /** Interrupts the calls that are under way, and takes no more. May be called again. */
    void end() {
        threads.shutdownNow();
    }
}

package io.evenkeel.demo.contest;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Requests at a steady rate, whether or not the last answer came in time: a slow server can't slow the load down and
 * so hide itself.
 */
public final class OpenLoad implements AutoCloseable {
    private static final long STEADY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final Sender client;
    private final long periodNanos;
    private final Thread thread;
    private final Set<Request> outstanding = ConcurrentHashMap.newKeySet();
    private final LongAdder failed = new LongAdder();
    private volatile Tally tally = new Tally();
    private volatile long behindNanos = Long.MAX_VALUE;
    private volatile boolean closed;

    private OpenLoad(Sender client, int perSecond) {
        this.client = client;
        this.periodNanos = TimeUnit.SECONDS.toNanos(1) / perSecond;
        this.thread = new Thread(this::work, "open-load");
        this.thread.setDaemon(true);
    }

    /** Begins at once, on a thread of its own. */
    public static OpenLoad start(Sender client, int perSecond) {
        OpenLoad load = new OpenLoad(client, perSecond);
        load.thread.start();
        return load;
    }

    /** From now on requests are counted in a new tally, which is returned; those sent before stay in the one before. */
    public Tally nextPhase() {
        Tally next = new Tally();
        tally = next;
        return next;
    }

    /** Requests of all phases that failed so far. */
    public long failed() {
        return failed.sum();
    }

    /**
     * Whether requests are sent when they are due and few are unanswered: connected, compiled, nothing left to catch
     * up.
     */
    public boolean isSteady() {
        return behindNanos < STEADY_NANOS && outstanding.size() * periodNanos < STEADY_NANOS;
    }

    /**
     * Sends no more, waits for the answers that are due, and abandons those that don't come; these count as failed.
     */
    public void finish(Duration patience) throws InterruptedException {
        closed = true;
        LockSupport.unpark(thread);
        thread.join();
        long deadline = System.nanoTime() + patience.toNanos();
        while (!outstanding.isEmpty() && System.nanoTime() - deadline < 0) {
            TimeUnit.MILLISECONDS.sleep(5);
        }
        outstanding.forEach(Request::giveUp);
    }

    /** {@link #finish} without patience. */
    @Override
    public void close() {
        try {
            finish(Duration.ZERO);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void work() {
        long due = System.nanoTime();
        while (!closed) {
            long wait = due - System.nanoTime();
            if (wait > 0) {
                LockSupport.parkNanos(wait);
            } else {
                behindNanos = -wait;
                send(due);
                due += periodNanos;
            }
        }
    }

    private void send(long due) {
        Tally current = tally;
        current.sent();
        Request request = new Request(current, due);
        outstanding.add(request);
        request.cancellation = client.send(request);
    }

    private final class Request implements Sender.Outcome {
        private final Tally counted;
        private final long due;
        /** Read after the thread that sets it has ended. */
        private @Nullable Runnable cancellation;

        Request(Tally counted, long due) {
            this.counted = counted;
            this.due = due;
        }

        @Override
        public void answered(String pod) {
            if (outstanding.remove(this)) {
                counted.answered(pod, System.nanoTime() - due);
            }
        }

        @Override
        public void failed(Throwable cause) {
            if (outstanding.remove(this)) {
                counted.failed(cause);
                failed.increment();
            }
        }

        void giveUp() {
            if (outstanding.remove(this)) {
                if (cancellation != null) {
                    cancellation.run();
                }
                counted.failed(new IllegalStateException("never answered"));
                failed.increment();
            }
        }
    }
}

package io.evenkeel.demo.rsocket;

import io.rsocket.Payload;
import io.rsocket.core.RSocketClient;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Mono;

/**
 * Request-response at a steady rate, whether or not the last answer came in time: a slow server can't slow the load down and
 * so hide itself.
 */
public final class OpenLoad implements AutoCloseable {
    private static final long STEADY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final RSocketClient client;
    private final long periodNanos;
    private final Thread thread;
    private final Set<Request> outstanding = ConcurrentHashMap.newKeySet();
    private volatile Tally tally = new Tally();
    private volatile long behindNanos = Long.MAX_VALUE;
    private volatile boolean closed;

    private OpenLoad(RSocketClient client, int perSecond) {
        this.client = client;
        this.periodNanos = TimeUnit.SECONDS.toNanos(1) / perSecond;
        this.thread = new Thread(this::work, "open-load");
        this.thread.setDaemon(true);
    }

    /** Begins at once, on a thread of its own. */
    public static OpenLoad start(RSocketClient client, int perSecond) {
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

    /** Whether requests are sent when they are due and few are unanswered: connected, compiled, nothing left to catch up. */
    public boolean isSteady() {
        return behindNanos < STEADY_NANOS && outstanding.size() * periodNanos < STEADY_NANOS;
    }

    /**
     * Sends no more, waits for the answers that are due, and gives up those that don't come; these count as failed.
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
        client.requestResponse(Mono.fromSupplier(() -> Payloads.text("x"))).subscribe(request);
    }

    private final class Request extends BaseSubscriber<Payload> {
        private final Tally counted;
        private final long due;

        Request(Tally counted, long due) {
            this.counted = counted;
            this.due = due;
        }

        @Override
        protected void hookOnSubscribe(Subscription subscription) {
            requestUnbounded();
        }

        @Override
        protected void hookOnNext(Payload answer) {
            if (outstanding.remove(this)) {
                counted.answered(Payloads.podOf(answer), System.nanoTime() - due);
            }
            answer.release();
        }

        @Override
        protected void hookOnError(Throwable failure) {
            if (outstanding.remove(this)) {
                counted.failed(failure);
            }
        }

        @Override
        protected void hookOnComplete() {
            if (outstanding.remove(this)) {
                counted.failed(new IllegalStateException("completed without an answer"));
            }
        }

        void giveUp() {
            if (outstanding.remove(this)) {
                cancel();
                counted.failed(new IllegalStateException("never answered"));
            }
        }
    }
}

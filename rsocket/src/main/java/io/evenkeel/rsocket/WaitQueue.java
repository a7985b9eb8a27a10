package io.evenkeel.rsocket;

import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.time.Scheduler;
import io.evenkeel.time.Ticker;
import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * Requests that wait because there is no connection, first come, first served, each for the same limited time. Thread-safe.
 *
 * <p>Not on the path of a request that finds a connection. What the application does with its signal runs on the executor,
 * never on the control thread: a blocking subscriber must not stop the pool.
 */
final class WaitQueue {

    private final String pool;
    private final Ticker ticker;
    private final Scheduler scheduler;
    private final Executor signals;
    private final Duration timeout;
    private final int most;
    private final MetricsRecorder metrics;
    /** Says why there is nothing: asked when somebody has to be told. */
    private final Supplier<NoEndpointException> reason;

    private record Waiter(Request request, long until) {}

    private final ConcurrentLinkedDeque<Waiter> queue = new ConcurrentLinkedDeque<>();
    private final AtomicInteger size = new AtomicInteger();
    private final AtomicBoolean timerSet = new AtomicBoolean();
    private final AtomicInteger dispatching = new AtomicInteger();

    WaitQueue(
            String pool,
            Ticker ticker,
            Scheduler scheduler,
            Executor signals,
            Duration timeout,
            int most,
            MetricsRecorder metrics,
            Supplier<NoEndpointException> reason) {
        this.pool = pool;
        this.ticker = ticker;
        this.scheduler = scheduler;
        this.signals = signals;
        this.timeout = timeout;
        this.most = most;
        this.metrics = metrics;
        this.reason = reason;
    }

    int size() {
        return size.get();
    }

    void add(Request request) {
        if (size.incrementAndGet() > most) {
            size.decrementAndGet();
            request.refuse(new NoEndpointException(
                    NoEndpointException.Reason.TOO_MANY_WAITING,
                    "Pool " + pool + ": there is no connection and " + most
                            + " requests wait for one already (maxWaiting)",
                    reason.get()));
            return;
        }
        queue.addLast(new Waiter(request, ticker.nanos() + timeout.toNanos()));
        setTimer(timeout);
    }

    /** It was cancelled. */
    void remove(Request request) {
        for (Waiter waiter : queue) {
            if (waiter.request == request) {
                take(waiter);
                return;
            }
        }
    }

    /** Whether it was still in line; whoever takes it out is told so, and nobody else. */
    private boolean take(Waiter waiter) {
        boolean mine = queue.remove(waiter);
        if (mine) {
            size.decrementAndGet();
        }
        return mine;
    }

    /** There may be connections: gives them to whoever waits. At most one thread does so at a time. */
    void dispatch() {
        if (size.get() > 0 && dispatching.getAndIncrement() == 0) {
            signals.execute(this::dispatchAll);
        }
    }

    private void dispatchAll() {
        int rounds = dispatching.get();
        do {
            for (Waiter head = queue.pollFirst(); head != null; head = queue.pollFirst()) {
                if (!head.request.tryConnection()) {
                    queue.addFirst(head);
                    // The timer may have passed while it was out of the queue.
                    setTimer(Duration.ofNanos(Math.max(0, head.until - ticker.nanos())));
                    break;
                }
                size.decrementAndGet();
                metrics.acquireWaited(pool, waited(head), true);
            }
            rounds = dispatching.addAndGet(-rounds);
        } while (rounds > 0);
    }

    private Duration waited(Waiter waiter) {
        return timeout.minusNanos(Math.max(0, waiter.until - ticker.nanos()));
    }

    private void setTimer(Duration in) {
        if (timerSet.compareAndSet(false, true)) {
            scheduler.schedule(in, () -> signals.execute(this::expire));
        }
    }

    private void expire() {
        long now = ticker.nanos();
        timerSet.set(false);
        NoEndpointException why = null;
        for (Waiter waiter : queue) {
            if (waiter.until - now > 0) {
                setTimer(Duration.ofNanos(waiter.until - now));
                return;
            }
            if (take(waiter)) {
                metrics.acquireWaited(pool, timeout, false);
                why = why == null ? reason.get() : why;
                // One each: whoever gets it may add to it.
                waiter.request.refuse(why.copy());
            }
        }
        if (!queue.isEmpty()) {
            setTimer(timeout);
        }
    }

    void refuseAll(Supplier<? extends Throwable> error) {
        for (Waiter head = queue.pollFirst(); head != null; head = queue.pollFirst()) {
            size.decrementAndGet();
            Request refused = head.request;
            signals.execute(() -> refused.refuse(error.get()));
        }
    }
}

package io.evenkeel.rsocket;

import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.spi.Guard;
import io.evenkeel.time.Scheduler;
import io.evenkeel.time.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Requests that wait because there is no connection, first come, first served, each for the same limited time.
 * Thread-safe.
 *
 * <p>Not on the path of a request that finds a connection. The application's code runs on the executor, one task for
 * each request: it may block or throw there, and neither the control thread nor any other request notices.
 *
 * <p>Invariants: a waiter is in the list from {@link #add} until exactly one caller of {@link #unlink} takes it out,
 * and that one decides what becomes of it. All wait equally long, so that the first is always the next to expire;
 * whenever the list is not empty a timer is set, or about to be set by the thread that ran the last one.
 */
final class WaitQueue {

    private final String pool;
    private final Ticker ticker;
    private final Scheduler scheduler;
    private final Executor signals;
    private final Duration timeout;
    private final int most;
    private final MetricsRecorder metrics;
    /** Says why there is nothing: asked when a request has to be refused. */
    private final Supplier<NoEndpointException> reason;

    private final Guard guard;

    /** One that waits. A link of the list, so that it can be taken out from its middle. */
    private static final class Waiter {
        private final Waiting waiting;
        private final long until;
        private @Nullable Waiter before;
        private @Nullable Waiter after;
        private boolean linked;

        private Waiter(Waiting waiting, long until) {
            this.waiting = waiting;
            this.until = until;
        }
    }

    /** Guards the list; held for a few assignments only. */
    private final ReentrantLock lock = new ReentrantLock();

    private @Nullable Waiter first;
    private @Nullable Waiter last;
    private final AtomicInteger size = new AtomicInteger();
    private final AtomicBoolean timerSet = new AtomicBoolean();
    private final AtomicInteger dispatching = new AtomicInteger();
    private final AtomicLong expired = new AtomicLong();

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
        this.guard = new Guard("Pool " + pool);
    }

    int size() {
        return size.get();
    }

    /** How many have waited in vain so far. */
    long expired() {
        return expired.get();
    }

    void add(Waiting waiting) {
        if (size.incrementAndGet() > most) {
            size.decrementAndGet();
            waiting.refuse(new NoEndpointException(
                    NoEndpointException.Reason.TOO_MANY_WAITING,
                    "Pool " + pool + ": there is no connection and " + most
                            + " requests wait for one already (maxWaiting)",
                    reason.get()));
            return;
        }
        Waiter waiter = new Waiter(waiting, ticker.nanos() + timeout.toNanos());
        waiting.queued(() -> remove(waiter));
        link(waiter);
        if (waiting.isDone()) {
            // Cancelled before it could be found here.
            remove(waiter);
        } else {
            setTimer(timeout);
        }
    }

    /** It was cancelled. */
    private void remove(Waiter waiter) {
        if (unlink(waiter)) {
            size.decrementAndGet();
        }
    }

    private void link(Waiter waiter) {
        lock.lock();
        try {
            waiter.linked = true;
            waiter.before = last;
            if (last == null) {
                first = waiter;
            } else {
                last.after = waiter;
            }
            last = waiter;
        } finally {
            lock.unlock();
        }
    }

    private void linkFirst(Waiter waiter) {
        lock.lock();
        try {
            waiter.linked = true;
            waiter.after = first;
            if (first == null) {
                last = waiter;
            } else {
                first.before = waiter;
            }
            first = waiter;
        } finally {
            lock.unlock();
        }
    }

    private boolean unlink(Waiter waiter) {
        lock.lock();
        try {
            if (!waiter.linked) {
                return false;
            }
            waiter.linked = false;
            if (waiter.before == null) {
                first = waiter.after;
            } else {
                waiter.before.after = waiter.after;
            }
            if (waiter.after == null) {
                last = waiter.before;
            } else {
                waiter.after.before = waiter.before;
            }
            waiter.before = null;
            waiter.after = null;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** The first, and out of the list, if it has waited until then; any if null. */
    private @Nullable Waiter poll(@Nullable Long now) {
        lock.lock();
        try {
            Waiter head = first;
            return head != null && (now == null || head.until - now <= 0) && unlink(head) ? head : null;
        } finally {
            lock.unlock();
        }
    }

    private @Nullable Waiter peek() {
        lock.lock();
        try {
            return first;
        } finally {
            lock.unlock();
        }
    }

    /** There may be connections: gives them to the requests that wait. At most one thread does so at a time. */
    void dispatch() {
        if (size.get() > 0 && dispatching.getAndIncrement() == 0) {
            signals.execute(this::dispatchAll);
        }
    }

    private void dispatchAll() {
        int rounds = dispatching.get();
        do {
            guard.run("giving connections to waiting requests", null, this::placeAll);
            rounds = dispatching.addAndGet(-rounds);
        } while (rounds > 0);
    }

    private void placeAll() {
        for (Waiter head = poll(null); head != null; head = poll(null)) {
            Waiting waiting = head.waiting;
            Waiting.Placement placement = waiting.place();
            if (placement == Waiting.Placement.NONE) {
                linkFirst(head);
                // The timer may have passed, and it may have been cancelled, while it was out of the list.
                if (waiting.isDone()) {
                    remove(head);
                }
                setTimer(Duration.ofNanos(Math.max(0, head.until - ticker.nanos())));
                return;
            }
            size.decrementAndGet();
            if (placement == Waiting.Placement.PLACED) {
                Duration waited = timeout.minusNanos(Math.max(0, head.until - ticker.nanos()));
                signals.execute(() -> {
                    guard.run("starting a request that waited", null, waiting::start);
                    record(waited, true);
                });
            }
        }
    }

    private void record(Duration waited, boolean acquired) {
        guard.run("MetricsRecorder.acquireWaited", null, () -> metrics.acquireWaited(pool, waited, acquired));
    }

    private void setTimer(Duration in) {
        if (timerSet.compareAndSet(false, true)) {
            scheduler.schedule(in, this::expire);
        }
    }

    /** On the control thread: takes out those that have waited long enough. The executor refuses them, one by one. */
    private void expire() {
        timerSet.set(false);
        List<Waiting> over = new ArrayList<>();
        try {
            long now = ticker.nanos();
            for (Waiter head = poll(now); head != null; head = poll(now)) {
                size.decrementAndGet();
                over.add(head.waiting);
            }
            expired.addAndGet(over.size());
            if (!over.isEmpty()) {
                signals.execute(() -> refuse(over));
            }
        } finally {
            Waiter next = peek();
            if (next != null) {
                setTimer(Duration.ofNanos(Math.max(0, next.until - ticker.nanos())));
            }
        }
    }

    private void refuse(List<Waiting> expired) {
        NoEndpointException why = reason.get();
        // One exception each: an application may add to the one it gets.
        refuse(expired, waiting -> why.copy(), () -> record(timeout, false));
    }

    private void refuse(List<Waiting> all, Function<Waiting, Throwable> error, Runnable afterwards) {
        for (Waiting waiting : all) {
            signals.execute(() -> {
                guard.run("a waiting request's subscriber", null, () -> waiting.refuse(error.apply(waiting)));
                afterwards.run();
            });
        }
    }

    void refuseAll(Supplier<? extends Throwable> error) {
        List<Waiting> all = new ArrayList<>();
        for (Waiter head = poll(null); head != null; head = poll(null)) {
            size.decrementAndGet();
            all.add(head.waiting);
        }
        refuse(all, waiting -> error.get(), () -> {});
    }
}

package io.evenkeel.benchmarks;

import io.rsocket.Payload;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Supplier;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;

/**
 * So many requests in flight at a time: each one that is answered sends the next, on the thread that brought the
 * answer.
 */
final class RequestWindow {
    private static final long LONGEST_NANOS = 10_000_000_000L;
    private static final int DIGITS = 2;

    private final Supplier<Mono<Payload>> requests;
    private final List<Slot> slots = new ArrayList<>();
    private final AtomicLong left = new AtomicLong();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile CountDownLatch busy = new CountDownLatch(0);

    RequestWindow(int width, Supplier<Mono<Payload>> requests) {
        this.requests = requests;
        for (int i = 0; i < width; i++) {
            slots.add(new Slot());
        }
    }

    /** Sends so many and waits for all answers. The first failure ends it. */
    void send(int count) throws InterruptedException {
        left.set(count);
        busy = new CountDownLatch(slots.size());
        slots.forEach(Slot::next);
        busy.await();
        Throwable cause = failure.get();
        if (cause != null) {
            throw new IllegalStateException("a request failed", cause);
        }
    }

    /** Nanoseconds since the last call. */
    long takePercentile(double percent) {
        Histogram all = new Histogram(LONGEST_NANOS, DIGITS);
        slots.forEach(slot -> {
            all.add(slot.latency);
            slot.latency.reset();
        });
        return all.getValueAtPercentile(percent);
    }

    /** One request after another; never two at a time, so its histogram needs no lock. */
    private final class Slot implements CoreSubscriber<Payload> {
        private final Histogram latency = new Histogram(LONGEST_NANOS, DIGITS);
        private long began;

        void next() {
            if (left.decrementAndGet() < 0 || failure.get() != null) {
                busy.countDown();
                return;
            }
            began = System.nanoTime();
            requests.get().subscribe(this);
        }

        @Override
        public void onSubscribe(Subscription subscription) {
            subscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(Payload answer) {
            answer.release();
        }

        @Override
        public void onError(Throwable cause) {
            failure.compareAndSet(null, cause);
            busy.countDown();
        }

        @Override
        public void onComplete() {
            latency.recordValue(Math.min(LONGEST_NANOS, System.nanoTime() - began));
            next();
        }
    }
}

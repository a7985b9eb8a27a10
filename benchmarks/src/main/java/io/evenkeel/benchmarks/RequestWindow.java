package io.evenkeel.benchmarks;

import io.rsocket.Payload;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
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

    private final List<Slot> slots = new ArrayList<>();
    private final AtomicLong left = new AtomicLong();
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile CountDownLatch busy = new CountDownLatch(0);

    /** @param senders makes what sends a slot's requests, one at a time; it says to the slot how each one ended */
    RequestWindow(int width, Function<Slot, Runnable> senders) {
        for (int i = 0; i < width; i++) {
            slots.add(new Slot(senders));
        }
    }

    static RequestWindow ofRSocket(int width, Supplier<Mono<Payload>> requests) {
        return new RequestWindow(width, slot -> {
            Answers answers = new Answers(slot);
            return () -> requests.get().subscribe(answers);
        });
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

    /** For how long so many at a time are sent, whole batches only; returns how many. */
    long sendFor(long nanos, int batch) throws InterruptedException {
        long begun = System.nanoTime();
        long sent = 0;
        while (System.nanoTime() - begun < nanos) {
            send(batch);
            sent += batch;
        }
        return sent;
    }

    /** One request after another; never two at a time, so its histogram needs no lock. */
    final class Slot {
        private final Histogram latency = new Histogram(LONGEST_NANOS, DIGITS);
        private final Runnable sender;
        private long began;

        private Slot(Function<Slot, Runnable> senders) {
            sender = senders.apply(this);
        }

        private void next() {
            if (left.decrementAndGet() < 0 || failure.get() != null) {
                busy.countDown();
                return;
            }
            began = System.nanoTime();
            sender.run();
        }

        /** The request has ended well. */
        void answered() {
            latency.recordValue(Math.min(LONGEST_NANOS, System.nanoTime() - began));
            next();
        }

        void failed(Throwable cause) {
            failure.compareAndSet(null, cause);
            busy.countDown();
        }
    }

    private record Answers(Slot slot) implements CoreSubscriber<Payload> {
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
            slot.failed(cause);
        }

        @Override
        public void onComplete() {
            slot.answered();
        }
    }
}

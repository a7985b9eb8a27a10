package io.evenkeel.demo.rsocket;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SignalType;

/**
 * What happened at one server: every request that arrives ends as answered, failed or cancelled, and is in flight until
 * then.
 */
public final class PodCounts {
    private final LongAdder received = new LongAdder();
    private final LongAdder answered = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private final LongAdder cancelled = new LongAdder();
    private final AtomicLong pushes = new AtomicLong();
    private final AtomicInteger inFlight = new AtomicInteger();

    PodCounts() {}

    /** Requests of every kind but metadata-push. */
    public long received() {
        return received.sum();
    }

    public long answered() {
        return answered.sum();
    }

    public long failed() {
        return failed.sum();
    }

    /** By the client, or because its connection broke. */
    public long cancelled() {
        return cancelled.sum();
    }

    public long pushes() {
        return pushes.get();
    }

    public int inFlight() {
        return inFlight.get();
    }

    void pushed() {
        pushes.incrementAndGet();
    }

    <T> Mono<T> count(Mono<T> request) {
        return request.doOnSubscribe(subscription -> began()).doFinally(this::ended);
    }

    <T> Flux<T> countStream(Flux<T> request) {
        return request.doOnSubscribe(subscription -> began()).doFinally(this::ended);
    }

    private void began() {
        received.increment();
        inFlight.incrementAndGet();
    }

    private void ended(SignalType signal) {
        switch (signal) {
            case ON_COMPLETE -> answered.increment();
            case CANCEL -> cancelled.increment();
            default -> failed.increment();
        }
        inFlight.decrementAndGet();
    }

    @Override
    public String toString() {
        return "received " + received() + ", answered " + answered() + ", failed " + failed() + ", cancelled "
                + cancelled() + ", in flight " + inFlight();
    }
}

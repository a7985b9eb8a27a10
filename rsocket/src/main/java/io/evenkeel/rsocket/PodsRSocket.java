package io.evenkeel.rsocket;

import io.rsocket.Closeable;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import java.util.function.DoubleSupplier;
import org.reactivestreams.Publisher;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;

/**
 * All Pods as one RSocket. As rsocket-java's own, what it returns takes one subscriber, since the payload can be sent
 * but once.
 */
final class PodsRSocket implements RSocket {

    private final Router router;
    private final Closeable client;
    private final DoubleSupplier availability;

    PodsRSocket(Router router, Closeable client, DoubleSupplier availability) {
        this.router = router;
        this.client = client;
        this.availability = availability;
    }

    @Override
    public Mono<Void> fireAndForget(Payload payload) {
        return new OneTimeMono<>(router, Interaction.FIRE_AND_FORGET, payload);
    }

    @Override
    public Mono<Payload> requestResponse(Payload payload) {
        return new OneTimeMono<>(router, Interaction.REQUEST_RESPONSE, payload);
    }

    @Override
    public Flux<Payload> requestStream(Payload payload) {
        return new OneTimeFlux(router, Interaction.REQUEST_STREAM, payload);
    }

    @Override
    public Flux<Payload> requestChannel(Publisher<Payload> payloads) {
        return new OneTimeFlux(router, Interaction.REQUEST_CHANNEL, payloads);
    }

    @Override
    public Mono<Void> metadataPush(Payload payload) {
        return new OneTimeMono<>(router, Interaction.METADATA_PUSH, payload);
    }

    @Override
    public double availability() {
        return availability.getAsDouble();
    }

    @Override
    public Mono<Void> onClose() {
        return client.onClose();
    }

    @Override
    public void dispose() {
        client.dispose();
    }

    @Override
    public boolean isDisposed() {
        return client.isDisposed();
    }

    private static IllegalStateException again() {
        return new IllegalStateException("a second subscriber (expected: one, since the payload is sent once)");
    }

    private static final class OneTimeMono<T> extends Mono<T> {
        @SuppressWarnings("rawtypes") // a class literal has no type arguments
        private static final AtomicIntegerFieldUpdater<OneTimeMono> ONCE =
                AtomicIntegerFieldUpdater.newUpdater(OneTimeMono.class, "once");

        private final Router router;
        private final Interaction interaction;
        private final Payload payload;
        private volatile int once;

        OneTimeMono(Router router, Interaction interaction, Payload payload) {
            this.router = router;
            this.interaction = interaction;
            this.payload = payload;
        }

        @Override
        public void subscribe(CoreSubscriber<? super T> actual) {
            if (once == 0 && ONCE.compareAndSet(this, 0, 1)) {
                Requests.make(router, interaction, payload, actual);
            } else {
                Operators.error(actual, again());
            }
        }
    }

    private static final class OneTimeFlux extends Flux<Payload> {
        private static final AtomicIntegerFieldUpdater<OneTimeFlux> ONCE =
                AtomicIntegerFieldUpdater.newUpdater(OneTimeFlux.class, "once");

        private final Router router;
        private final Interaction interaction;
        private final Object input;
        private volatile int once;

        OneTimeFlux(Router router, Interaction interaction, Object input) {
            this.router = router;
            this.interaction = interaction;
            this.input = input;
        }

        @Override
        public void subscribe(CoreSubscriber<? super Payload> actual) {
            if (once == 0 && ONCE.compareAndSet(this, 0, 1)) {
                Requests.make(router, interaction, input, actual);
            } else {
                Operators.error(actual, again());
            }
        }
    }
}

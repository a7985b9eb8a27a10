package io.evenkeel.rsocket;

import io.netty.util.ReferenceCountUtil;
import io.rsocket.Payload;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/** A request per subscriber, for a payload that is made anew for each: what {@code RSocketClient} promises. */
final class LazyRequest {

    private LazyRequest() {}

    static <T> Mono<T> mono(Router router, Interaction interaction, Mono<Payload> payload) {
        return new LazyMono<>(router, interaction, payload);
    }

    static Flux<Payload> flux(Router router, Interaction interaction, Mono<Payload> payload) {
        return new LazyFlux(router, interaction, payload);
    }

    @SuppressWarnings("unchecked") // a Mono of payloads that is a Callable gives payloads
    private static void subscribe(
            Router router, Interaction interaction, Mono<Payload> payload, CoreSubscriber<?> actual) {
        if (payload instanceof Callable<?> there) {
            begin(new Request(router, interaction, actual), (Callable<Payload>) there, actual);
        } else {
            payload.subscribe(new PayloadSubscriber(new Request(router, interaction, actual), actual));
        }
    }

    /** Nobody has to wait for what {@code just}, {@code fromSupplier} and their like give, nor subscribe to it. */
    @SuppressWarnings("IllegalCatch") // the application's supplier may throw anything
    private static void begin(Request request, Callable<Payload> there, CoreSubscriber<?> actual) {
        Payload payload;
        try {
            payload = there.call();
        } catch (Throwable e) {
            Operators.error(actual, Operators.onOperatorError(e, actual.currentContext()));
            return;
        }
        if (payload == null) {
            Operators.complete(actual);
        } else {
            request.begin(payload);
        }
    }

    private static final class LazyMono<T> extends Mono<T> {
        private final Router router;
        private final Interaction interaction;
        private final Mono<Payload> payload;

        LazyMono(Router router, Interaction interaction, Mono<Payload> payload) {
            this.router = router;
            this.interaction = interaction;
            this.payload = payload;
        }

        @Override
        public void subscribe(CoreSubscriber<? super T> actual) {
            LazyRequest.subscribe(router, interaction, payload, actual);
        }
    }

    private static final class LazyFlux extends Flux<Payload> {
        private final Router router;
        private final Interaction interaction;
        private final Mono<Payload> payload;

        LazyFlux(Router router, Interaction interaction, Mono<Payload> payload) {
            this.router = router;
            this.interaction = interaction;
            this.payload = payload;
        }

        @Override
        public void subscribe(CoreSubscriber<? super Payload> actual) {
            LazyRequest.subscribe(router, interaction, payload, actual);
        }
    }

    /** Waits for the payload. It is asked for at once; the request itself is sent when its result is asked for. */
    private static final class PayloadSubscriber implements CoreSubscriber<Payload> {
        private final Request request;
        private final CoreSubscriber<?> actual;
        private @Nullable Subscription source;
        private boolean done;

        PayloadSubscriber(Request request, CoreSubscriber<?> actual) {
            this.request = request;
            this.actual = actual;
        }

        @Override
        public void onSubscribe(Subscription s) {
            if (Operators.validate(source, s)) {
                source = s;
                request.subscribe(s);
                s.request(Long.MAX_VALUE);
            }
        }

        @Override
        public void onNext(Payload payload) {
            if (done) {
                ReferenceCountUtil.safeRelease(payload);
            } else {
                done = true;
                request.proceed(payload);
            }
        }

        @Override
        public void onComplete() {
            if (!done) {
                done = true;
                request.completeEmpty();
            }
        }

        @Override
        public void onError(Throwable error) {
            if (done) {
                Operators.onErrorDropped(error, currentContext());
            } else {
                done = true;
                request.refuse(error);
            }
        }

        @Override
        public Context currentContext() {
            return actual.currentContext();
        }
    }
}

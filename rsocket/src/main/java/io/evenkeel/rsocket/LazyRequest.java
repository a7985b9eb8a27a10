package io.evenkeel.rsocket;

import io.netty.util.ReferenceCountUtil;
import io.rsocket.Payload;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Operators;
import reactor.util.context.Context;

/**
 * A request per subscriber, for a payload that is made anew for each: what {@code RSocketClient} promises. The payload
 * is asked for when the result is, and what the payload's operators discard is released.
 */
final class LazyRequest {

    private static final Consumer<Object> RELEASE = ReferenceCountUtil::safeRelease;

    private LazyRequest() {}

    static <T> Mono<T> mono(Router router, Interaction interaction, Mono<Payload> payload) {
        return new LazyMono<>(router, interaction, payload);
    }

    static Flux<Payload> stream(Router router, Mono<Payload> payload) {
        return new LazyStream(router, payload);
    }

    private static void subscribe(
            Router router, Interaction interaction, Mono<Payload> payload, CoreSubscriber<?> actual) {
        Request request = new Request(router, interaction, actual);
        if (payload instanceof Callable<?> there) {
            // What just, fromSupplier and their like give needs no subscriber of its own, and discards nothing.
            request.subscribe(there);
        } else {
            payload.subscribe(new PayloadSubscriber(new ToRequest(request), actual.currentContext()));
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

    private static final class LazyStream extends Flux<Payload> {
        private final Router router;
        private final Mono<Payload> payload;

        LazyStream(Router router, Mono<Payload> payload) {
            this.router = router;
            this.payload = payload;
        }

        @Override
        public void subscribe(CoreSubscriber<? super Payload> actual) {
            if (router.hasPolicies()) {
                payload.subscribe(new PayloadSubscriber(new ToStream(router, actual), actual.currentContext()));
            } else {
                LazyRequest.subscribe(router, Interaction.REQUEST_STREAM, payload, actual);
            }
        }
    }

    /** Where a payload goes. */
    private interface Inlet {
        void subscribe(Subscription from);

        void proceed(Payload payload);

        void completeEmpty();

        void refuse(Throwable error);
    }

    private record ToRequest(Request request) implements Inlet {
        @Override
        public void subscribe(Subscription from) {
            request.subscribe(from);
        }

        @Override
        public void proceed(Payload payload) {
            request.proceed(payload);
        }

        @Override
        public void completeEmpty() {
            request.completeEmpty();
        }

        @Override
        public void refuse(Throwable error) {
            request.refuse(error);
        }
    }

    /** A stream whose policy is known only by its payload. Demand is kept until there is a stream to pass it to. */
    private static final class ToStream implements Inlet {
        private final Router router;
        private final CoreSubscriber<? super Payload> actual;
        private final Stream stream = new Stream();
        private @Nullable Subscription source;

        ToStream(Router router, CoreSubscriber<? super Payload> actual) {
            this.router = router;
            this.actual = actual;
        }

        @Override
        public void subscribe(Subscription from) {
            source = from;
            actual.onSubscribe(stream);
        }

        @Override
        public void proceed(Payload payload) {
            // If it was cancelled meanwhile, its subscription is cancelled as it comes, which releases the payload.
            Requests.make(router, Interaction.REQUEST_STREAM, payload, new Relay());
        }

        @Override
        public void completeEmpty() {
            actual.onComplete();
        }

        @Override
        public void refuse(Throwable error) {
            actual.onError(error);
        }

        private final class Stream extends Operators.DeferredSubscription {
            private final AtomicBoolean asked = new AtomicBoolean();

            @Override
            public void request(long n) {
                super.request(n);
                Subscription from = source;
                if (from != null && n > 0 && asked.compareAndSet(false, true)) {
                    from.request(1);
                }
            }

            @Override
            public void cancel() {
                super.cancel();
                Subscription from = source;
                if (from != null) {
                    from.cancel();
                }
            }
        }

        private final class Relay implements CoreSubscriber<Payload> {
            @Override
            public void onSubscribe(Subscription s) {
                stream.set(s);
            }

            @Override
            public void onNext(Payload payload) {
                actual.onNext(payload);
            }

            @Override
            public void onError(Throwable error) {
                actual.onError(error);
            }

            @Override
            public void onComplete() {
                actual.onComplete();
            }

            @Override
            public Context currentContext() {
                return actual.currentContext();
            }
        }
    }

    /** Waits for the payload. */
    private static final class PayloadSubscriber implements CoreSubscriber<Payload> {
        private final Inlet inlet;
        private final Context context;
        private @Nullable Subscription source;
        private boolean done;

        PayloadSubscriber(Inlet inlet, Context context) {
            this.inlet = inlet;
            this.context = Operators.enableOnDiscard(context, RELEASE);
        }

        @Override
        public void onSubscribe(Subscription s) {
            if (Operators.validate(source, s)) {
                source = s;
                inlet.subscribe(s);
            }
        }

        @Override
        public void onNext(Payload payload) {
            if (done) {
                ReferenceCountUtil.safeRelease(payload);
            } else {
                done = true;
                inlet.proceed(payload);
            }
        }

        @Override
        public void onComplete() {
            if (!done) {
                done = true;
                inlet.completeEmpty();
            }
        }

        @Override
        public void onError(Throwable error) {
            if (done) {
                Operators.onErrorDropped(error, currentContext());
            } else {
                done = true;
                inlet.refuse(error);
            }
        }

        @Override
        public Context currentContext() {
            return context;
        }
    }
}

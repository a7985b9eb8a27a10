package io.evenkeel.rsocket;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.time.Scheduler;
import io.rsocket.RSocket;
import io.rsocket.core.RSocketConnector;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.CoreSubscriber;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.util.context.Context;

/** Connects to a Pod by the application's connector, within a time. */
final class Dialer implements Dial {

    private final String pool;
    private final RSocketConnector connector;
    private final PodTransport transport;
    private final PodInterceptor interceptor;
    private final ServerRequests serverRequests;
    private final Scheduler scheduler;
    private final Duration timeout;
    private final ForeignCalls foreign;

    Dialer(
            String pool,
            RSocketConnector connector,
            PodTransport transport,
            PodInterceptor interceptor,
            ServerRequests serverRequests,
            Scheduler scheduler,
            Duration timeout,
            ForeignCalls foreign) {
        this.pool = pool;
        this.connector = connector;
        this.transport = transport;
        this.interceptor = interceptor;
        this.serverRequests = serverRequests;
        this.scheduler = scheduler;
        this.timeout = timeout;
        this.foreign = foreign;
        connector.interceptors(registry -> registry.forSocketAcceptor(serverRequests));
        OwnRequester.mark(connector);
    }

    @Override
    public Scheduler.Cancellable dial(
            Endpoint endpoint, PodConnection connection, BiConsumer<@Nullable RSocket, @Nullable Throwable> done) {
        WireWatch wire = connection.wire();
        Mono<RSocket> connecting = Mono.defer(
                        () -> connector.connect(new WatchedTransport(transport.to(endpoint), wire)))
                .flatMap(made -> {
                    RSocket requester = OwnRequester.of(made);
                    connection.made(requester);
                    return answered(intercepted(endpoint.key(), OwnRequester.unmarked(made)), requester, wire);
                })
                .subscribeOn(Schedulers.boundedElastic());
        Attempt attempt = new Attempt(endpoint, serverRequests.of(connection), done);
        Scheduler.Cancellable timer = scheduler.schedule(timeout, attempt::timeOut);
        attempt.timer = timer;
        connecting.subscribe(attempt);
        return attempt::cancel;
    }

    @SuppressWarnings("IllegalCatch") // the application's interceptor may throw anything
    private RSocket intercepted(EndpointKey pod, RSocket rsocket) {
        try {
            return Objects.requireNonNull(interceptor.apply(pod, rsocket), "interceptor: null (expected: an RSocket)");
        } catch (Throwable failure) {
            foreign.run("RSocket.dispose", pod, rsocket::dispose);
            throw failure;
        }
    }

    /** Once the server is known to be there; or the error that it refused the set-up with. */
    private static Mono<RSocket> answered(RSocket rsocket, RSocket requester, WireWatch wire) {
        Mono<Void> gone = requester.onClose().then(Mono.error(ClosedChannelException::new));
        return Mono.firstWithSignal(wire.answered(), gone).thenReturn(rsocket).doOnCancel(rsocket::dispose);
    }

    private final class Attempt implements CoreSubscriber<RSocket> {
        private final Endpoint endpoint;
        private final Context context;
        private final BiConsumer<@Nullable RSocket, @Nullable Throwable> done;
        private final AtomicBoolean ended = new AtomicBoolean();
        private volatile @Nullable Subscription subscription;
        private volatile Scheduler.@Nullable Cancellable timer;

        Attempt(Endpoint endpoint, Context context, BiConsumer<@Nullable RSocket, @Nullable Throwable> done) {
            this.endpoint = endpoint;
            this.context = context;
            this.done = done;
        }

        @Override
        public Context currentContext() {
            return context;
        }

        @Override
        public void onSubscribe(Subscription s) {
            subscription = s;
            if (ended.get()) {
                s.cancel();
            } else {
                s.request(Long.MAX_VALUE);
            }
        }

        @Override
        public void onNext(RSocket rsocket) {
            if (end()) {
                done.accept(rsocket, null);
            } else {
                foreign.run("RSocket.dispose", endpoint.key(), rsocket::dispose);
            }
        }

        @Override
        public void onError(Throwable error) {
            if (end()) {
                done.accept(null, error);
            }
        }

        @Override
        public void onComplete() {
            if (end()) {
                done.accept(null, new IllegalStateException("the connector completed without a connection"));
            }
        }

        void cancel() {
            if (end()) {
                cancelConnecting();
            }
        }

        private void cancelConnecting() {
            Subscription s = subscription;
            if (s != null) {
                foreign.run("the connector", endpoint.key(), s::cancel);
            }
        }

        void timeOut() {
            if (end()) {
                cancelConnecting();
                done.accept(
                        null,
                        new TimeoutException("Pool " + pool + ": no connection to " + endpoint.key() + " within "
                                + timeout + " (connectTimeout)"));
            }
        }

        private boolean end() {
            if (!ended.compareAndSet(false, true)) {
                return false;
            }
            Scheduler.Cancellable set = timer;
            if (set != null) {
                set.cancel();
            }
            return true;
        }
    }
}

package io.evenkeel.rsocket;

import io.evenkeel.adapter.BalancedPool;
import io.evenkeel.status.PoolStatus;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.core.RSocketClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.reactivestreams.Publisher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

/**
 * An RSocket client that spreads requests over the Pods behind a Service, and drains before it leaves one.
 *
 * <pre>{@code
 * EvenkeelRSocketClient client = EvenkeelRSocketClient.builder()
 *         .target("k8s:///orders.default:7000")
 *         .connector(RSocketConnector.create().dataMimeType("application/json"))
 *         .build();
 * RSocket orders = client.rsocket();      // each request goes to one of the Pods
 * }</pre>
 *
 * <p>Each request chooses a Pod when it is subscribed to, in turns that follow the Pods' weights and what is observed
 * of them ({@link io.evenkeel.pick.Rotation}). It stays there. Without any connection it waits, for a limited time. A
 * Pod that leaves gets no new requests from the moment that is known, its requests in flight end in peace, and then its
 * connection is closed.
 *
 * <p>Errors that the server sent are passed on. Those of the client are {@link EvenkeelRSocketException}s. Nothing is
 * sent twice unless the application asks for it.
 *
 * <p>Thread-safe. {@link #close} ends it gracefully, {@link #dispose} at once.
 */
public final class EvenkeelRSocketClient implements RSocketClient, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(EvenkeelRSocketClient.class);
    private static final Duration LAST_FRAMES = Duration.ofSeconds(1);
    private static final long POLL_MILLIS = 5;

    private final BalancedPool pool;
    private final Router router;
    private final RSocketConnections connections;
    private final Duration closeTimeout;
    private final PodsRSocket rsocket;
    private final AtomicBoolean closing = new AtomicBoolean();
    private final AtomicBoolean ending = new AtomicBoolean();
    private final CountDownLatch ended = new CountDownLatch(1);
    private final Sinks.Empty<Void> onClose = Sinks.empty();

    EvenkeelRSocketClient(BalancedPool pool, Router router, RSocketConnections connections, Duration closeTimeout) {
        this.pool = pool;
        this.router = router;
        this.connections = connections;
        this.closeTimeout = closeTimeout;
        this.rsocket = new PodsRSocket(router, this, this::availability);
    }

    /** A builder with the defaults that each of its setters documents. */
    public static EvenkeelRSocketClientBuilder builder() {
        return new EvenkeelRSocketClientBuilder();
    }

    /** The pool's name. */
    public String name() {
        return pool.name();
    }

    /**
     * All Pods as one {@link RSocket}: each request chooses its Pod when it is subscribed to, and takes one subscriber.
     * Its availability is the best of its connections; disposing it disposes this client.
     */
    public RSocket rsocket() {
        return rsocket;
    }

    /** What the pool looks like now: its Pods, where they come from, what is planned. */
    public PoolStatus status() {
        return pool.status();
    }

    /** Every connection that is open or draining now. */
    public List<RSocketConnectionStatus> connections() {
        long now = pool.ticker().nanos();
        List<RSocketConnectionStatus> all = new ArrayList<>();
        for (PodConnection connection : connections.connections()) {
            if (connection.state() != ConnectionState.CLOSED) {
                all.add(RSocketConnectionStatus.of(connection, now));
            }
        }
        return List.copyOf(all);
    }

    /** Requests that wait for a connection now. */
    public int waiting() {
        return router.waiting();
    }

    /** Does nothing: it connects by itself. Returns whether the client is not closed. */
    @Override
    public boolean connect() {
        return !isDisposed();
    }

    /**
     * {@link #rsocket()}, whether anything is connected or not; a {@link ClientClosedException} once the client is
     * closed.
     */
    @Override
    public Mono<RSocket> source() {
        return Mono.defer(
                () -> isDisposed() ? Mono.error(new ClientClosedException(name(), true)) : Mono.just(rsocket));
    }

    @Override
    public Mono<Void> fireAndForget(Mono<Payload> payload) {
        return LazyRequest.mono(router, Interaction.FIRE_AND_FORGET, payload);
    }

    @Override
    public Mono<Payload> requestResponse(Mono<Payload> payload) {
        return LazyRequest.mono(router, Interaction.REQUEST_RESPONSE, payload);
    }

    @Override
    public Flux<Payload> requestStream(Mono<Payload> payload) {
        return LazyRequest.stream(router, payload);
    }

    /** A channel stays at the Pod that it began at; it is never moved. */
    @Override
    public Flux<Payload> requestChannel(Publisher<Payload> payloads) {
        return Flux.defer(() -> rsocket.requestChannel(payloads));
    }

    /** To one of the Pods: what is pushed is about one connection. */
    @Override
    public Mono<Void> metadataPush(Mono<Payload> payload) {
        return LazyRequest.mono(router, Interaction.METADATA_PUSH, payload);
    }

    double availability() {
        return router.availability();
    }

    /** Completes when the client has ended and its connections are closed. */
    @Override
    public Mono<Void> onClose() {
        return onClose.asMono();
    }

    /** Ends the client at once: what waits or is in flight fails. Doesn't block. */
    @Override
    public void dispose() {
        closing.set(true);
        router.close();
        if (ending.compareAndSet(false, true)) {
            Thread closer = new Thread(() -> end(Duration.ZERO), "evenkeel-" + name() + "-close");
            closer.setDaemon(true);
            closer.start();
        }
    }

    @Override
    public boolean isDisposed() {
        return closing.get();
    }

    /**
     * Ends the client: no new requests, those in flight have the close timeout, then the connections are closed. Blocks
     * until then, except on a thread that must not (such as an event loop), where it only begins. May be called again.
     */
    @Override
    public void close() {
        closing.set(true);
        router.close();
        if (Schedulers.isInNonBlockingThread()) {
            if (ending.compareAndSet(false, true)) {
                Thread closer = new Thread(() -> end(closeTimeout), "evenkeel-" + name() + "-close");
                closer.setDaemon(true);
                closer.start();
            }
        } else if (ending.compareAndSet(false, true)) {
            end(closeTimeout);
        } else {
            awaitEnd();
        }
    }

    private void awaitEnd() {
        try {
            ended.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void end(Duration patience) {
        LOG.info("Pool {}: closing", name());
        try {
            // Before the connections: a round under way may still be joining a Pod.
            pool.close();
            connections.shut();
            await(patience, false);
            int left = connections.inFlight();
            int unconfirmed = connections.unconfirmed();
            if (left + unconfirmed > 0 && !patience.isZero()) {
                LOG.warn(
                        "Pool {}: closed with {} requests in flight, which are ended, and {} one-way requests that"
                                + " no Pod has confirmed, which may be lost",
                        name(),
                        left,
                        unconfirmed);
            }
            connections.dispose();
            await(LAST_FRAMES, true);
            connections.closeWires();
        } finally {
            ended.countDown();
            onClose.tryEmitEmpty();
            LOG.info("Pool {}: closed", name());
        }
    }

    /** Until nothing is in flight, or no wire is there any more. */
    private void await(Duration patience, boolean wires) {
        CountDownLatch never = new CountDownLatch(1);
        try {
            for (long left = patience.toMillis(); left > 0 && isBusy(wires); left -= POLL_MILLIS) {
                never.await(POLL_MILLIS, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean isBusy(boolean wires) {
        return wires ? connections.hasWires() : connections.inFlight() > 0;
    }

    @Override
    public String toString() {
        return "EvenkeelRSocketClient[" + name() + ", " + connections() + "]";
    }
}

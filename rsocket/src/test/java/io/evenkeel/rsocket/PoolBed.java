package io.evenkeel.rsocket;

import io.evenkeel.FaultInjector;
import io.evenkeel.balance.BalanceContext;
import io.evenkeel.balance.Rebalancer;
import io.evenkeel.balance.RebalancerConfig;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.endpoint.EndpointSet;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.health.HealthConfig;
import io.evenkeel.pick.Rotation;
import io.evenkeel.rsocket.NoEndpointException.Reason;
import io.evenkeel.spi.SeatPolicy;
import io.evenkeel.time.ManualScheduler;
import io.evenkeel.time.Scheduler;
import io.evenkeel.time.SteppedTasks;
import io.evenkeel.watch.SourceHealth;
import io.evenkeel.watch.WatchSnapshot;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.frame.LeaseFrameCodec;
import io.rsocket.frame.SetupFrameCodec;
import io.rsocket.util.DefaultPayload;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The pool's parts over core's real rebalancer and connections in memory, with time that stands still. */
final class PoolBed {

    static final Duration ACQUIRE = Duration.ofSeconds(10);
    private static final Duration CONNECT = Duration.ofSeconds(5);

    private static final ByteBuf SETUP_WITH_LEASE = SetupFrameCodec.encode(
            ByteBufAllocator.DEFAULT,
            true,
            20_000,
            90_000,
            Unpooled.EMPTY_BUFFER,
            "application/binary",
            "application/binary",
            DefaultPayload.create(""));

    final ManualScheduler scheduler = new ManualScheduler();
    final List<EvenkeelEvent> events = new ArrayList<>();
    /** Every connection ever made, in order. */
    final List<FakeRSocket> sockets = new ArrayList<>();
    /** Of the same, what the pool knows them by. */
    final List<PodConnection> made = new ArrayList<>();
    /** Pods that refuse connections. */
    final Set<String> down = new HashSet<>();
    /** Pods whose connections need leases. */
    final Set<String> leased = new HashSet<>();

    final Rebalancer rebalancer;
    final RSocketConnections connections;
    final Router router;
    private long version;

    PoolBed() {
        this(settings -> settings, new StreamPolicies(LongStreamPolicy.stick(), Map.of(), payload -> null), 1, 32);
    }

    PoolBed(StreamPolicies policies) {
        this(settings -> settings, policies, 1, 32);
    }

    PoolBed(UnaryOperator<RebalancerConfig.Builder> settings, StreamPolicies policies, int perPod, int most) {
        this(settings, policies, perPod, most, null, null);
    }

    /**
     * @param fault fails calls of what is not ours, or null
     * @param threads run what may block, each task when its turn comes; null to run all of it in place
     */
    PoolBed(
            UnaryOperator<RebalancerConfig.Builder> settings,
            StreamPolicies policies,
            int perPod,
            int most,
            @Nullable FaultInjector fault,
            @Nullable SteppedTasks threads) {
        RebalancerConfig config = settings.apply(
                        RebalancerConfig.builder().clientId("client-1").maxConnectionAge(Duration.ZERO))
                .build();
        SplittableRandom random = new SplittableRandom(42);
        rebalancer = new Rebalancer(
                "orders",
                "static:///test",
                SeatPolicy.perEndpoint(perPod, most),
                config,
                HealthConfig.defaults(),
                new BalanceContext(
                        scheduler.ticker(),
                        scheduler,
                        random,
                        foreign(fault, EvenkeelListener.class, events::add),
                        foreign(fault, MetricsRecorder.class, new MetricsRecorder() {}),
                        threads == null ? Runnable::run : oneThread(threads)));
        Executor signals = threads == null ? Runnable::run : task -> scheduler.execute(() -> threads.run(task));
        WaitQueue waiting = new WaitQueue(
                "orders",
                scheduler.ticker(),
                scheduler,
                signals,
                ACQUIRE,
                3,
                rebalancer.metrics(),
                () -> new NoEndpointException(Reason.NONE_KNOWN, "none", null));
        router = new Router(
                "orders",
                scheduler.ticker(),
                new Pick(new Rotation(42)),
                config.drainDeadline(),
                new Failures("orders", failures(fault)),
                waiting,
                policies,
                scheduler,
                signals);
        connections = new RSocketConnections(
                new RSocketPoolConfig("orders", config.drainDeadline(), config.slowStart()),
                threads == null
                        ? (endpoint, connection, done) -> {
                            dial(fault, endpoint, connection, done);
                            return () -> {};
                        }
                        : (endpoint, connection, done) -> dialOn(threads, fault, endpoint, connection, done),
                router,
                rebalancer.signals(),
                scheduler.ticker(),
                scheduler,
                random);
        rebalancer.start(connections);
    }

    /** The pool's thread of events: one that is stuck takes no more. */
    private Executor oneThread(SteppedTasks threads) {
        AtomicBoolean stuck = new AtomicBoolean();
        return task -> scheduler.execute(() -> {
            if (!stuck.get()) {
                stuck.set(!threads.run(task));
            }
        });
    }

    /** As the real one: elsewhere, and within a time. */
    private Scheduler.Cancellable dialOn(
            SteppedTasks threads,
            @Nullable FaultInjector fault,
            Endpoint endpoint,
            PodConnection connection,
            BiConsumer<@Nullable RSocket, @Nullable Throwable> done) {
        AtomicBoolean over = new AtomicBoolean();
        Scheduler.Cancellable timer = scheduler.schedule(CONNECT, () -> {
            if (over.compareAndSet(false, true)) {
                done.accept(null, new TimeoutException("no connection within " + CONNECT));
            }
        });
        scheduler.execute(() -> threads.run(() -> dial(fault, endpoint, connection, (rsocket, failure) -> {
            if (over.compareAndSet(false, true)) {
                timer.cancel();
                done.accept(rsocket, failure);
            } else if (rsocket != null) {
                rsocket.dispose();
            }
        })));
        return () -> over.set(true);
    }

    private void dial(
            @Nullable FaultInjector fault,
            Endpoint endpoint,
            PodConnection connection,
            BiConsumer<@Nullable RSocket, @Nullable Throwable> done) {
        if (down.contains(endpoint.identity())) {
            done.accept(null, new ConnectException("refused"));
            return;
        }
        Throwable refused = connect(fault);
        if (refused != null) {
            done.accept(null, refused);
            return;
        }
        FakeRSocket socket = new FakeRSocket(endpoint.identity());
        sockets.add(socket);
        made.add(connection);
        connection.made(socket);
        if (leased.contains(endpoint.identity())) {
            connection.wire().begins(SETUP_WITH_LEASE);
        }
        done.accept(foreign(fault, RSocket.class, socket), null);
    }

    private static <T> T foreign(@Nullable FaultInjector fault, Class<T> type, T of) {
        return fault == null ? of : fault.wrap(type, of);
    }

    @SuppressWarnings("unchecked")
    private static Predicate<Throwable> failures(@Nullable FaultInjector fault) {
        return foreign(fault, Predicate.class, (Predicate<Throwable>) Failures::isFailure);
    }

    /** The application's part of connecting, whose failure is the dial's. */
    private static @Nullable Throwable connect(@Nullable FaultInjector fault) {
        try {
            foreign(fault, Runnable.class, () -> {}).run();
            return null;
        } catch (Throwable failure) {
            return failure;
        }
    }

    static Endpoint pod(String name) {
        return Endpoint.of(name, "10.0.0." + name.charAt(name.length() - 1), 7000);
    }

    static Endpoint leaving(String name) {
        return pod(name).withCondition(EndpointCondition.TERMINATING);
    }

    void publish(Endpoint... endpoints) {
        rebalancer.endpoints(new WatchSnapshot(
                EndpointSet.of(++version, List.of(endpoints)),
                SourceHealth.HEALTHY,
                scheduler.ticker().nanos(),
                "changed"));
        scheduler.runDue();
    }

    void pass(Duration time) {
        scheduler.advance(time);
    }

    /** The connection to this Pod that is not closed; the newest of several. */
    FakeRSocket socket(String pod) {
        for (int i = sockets.size() - 1; i >= 0; i--) {
            if (sockets.get(i).pod.equals(pod) && !sockets.get(i).isDisposed()) {
                return sockets.get(i);
            }
        }
        throw new AssertionError("no connection to " + pod + " among " + connections.connections());
    }

    /** Its server grants so many requests for so long. */
    void grant(String pod, int requests, Duration time) {
        WireWatch wire = connection(socket(pod)).wire();
        ByteBuf frame = LeaseFrameCodec.encode(ByteBufAllocator.DEFAULT, (int) time.toMillis(), requests, null);
        LeasePermits allowance = wire.received(frame);
        frame.release();
        wire.granted(allowance);
    }

    boolean isConnected(String pod) {
        return sockets.stream().anyMatch(socket -> socket.pod.equals(pod) && !socket.isDisposed());
    }

    int connected() {
        return (int) sockets.stream().filter(socket -> !socket.isDisposed()).count();
    }

    PodConnection connection(FakeRSocket socket) {
        return made.get(sockets.indexOf(socket));
    }

    Mono<Payload> requestResponse(Payload payload) {
        return facade().requestResponse(payload);
    }

    Mono<String> ask(String text) {
        return requestResponse(DefaultPayload.create(text)).map(Payload::getDataUtf8);
    }

    Flux<String> stream(String text) {
        return facade().requestStream(DefaultPayload.create(text)).map(Payload::getDataUtf8);
    }

    private RSocket facade() {
        return new PodsRSocket(router, null, () -> 1);
    }

    <E extends EvenkeelEvent> List<E> events(Class<E> type) {
        return events.stream().filter(type::isInstance).map(type::cast).toList();
    }
}

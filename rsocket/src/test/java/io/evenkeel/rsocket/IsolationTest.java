package io.evenkeel.rsocket;

import static org.assertj.core.api.Assertions.assertThat;

import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.core.RSocketConnector;
import io.rsocket.plugins.RSocketInterceptor;
import io.rsocket.util.ByteBufPayload;
import io.rsocket.util.DefaultPayload;
import io.rsocket.util.RSocketProxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.netty.resources.LoopResources;

/** Application code that throws or blocks, over real TCP: it has its own request to spoil and nothing else. */
class IsolationTest {

    private static final Duration LONG = Duration.ofSeconds(20);

    private final List<AutoCloseable> open = new ArrayList<>();
    private TestServer server;

    @BeforeEach
    void start() {
        server = TestServer.start("a");
        open.add(server);
        server.responder = new RSocket() {
            @Override
            public Mono<Payload> requestResponse(Payload payload) {
                boolean never = payload.getDataUtf8().equals("never");
                payload.release();
                return never ? Mono.never() : Mono.just(DefaultPayload.create("answer"));
            }

            @Override
            public Flux<Payload> requestStream(Payload payload) {
                payload.release();
                return Flux.interval(Duration.ofMillis(5))
                        .onBackpressureDrop()
                        .map(i -> DefaultPayload.create(i.toString()));
            }
        };
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
    }

    private EvenkeelRSocketClient client(UnaryOperator<EvenkeelRSocketClientBuilder> settings) {
        EvenkeelRSocketClient client = settings.apply(EvenkeelRSocketClient.builder()
                        .target(TestServer.target(server))
                        .name("orders")
                        .clientId("test")
                        .jmx(false)
                        .closeTimeout(Duration.ofMillis(100)))
                .build();
        open.add(0, client);
        until(() -> client.connections().size() == 1);
        return client;
    }

    private static void until(BooleanSupplier condition) {
        long end = System.nanoTime() + LONG.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - end).as("waited in vain").isNegative();
            LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
        }
    }

    private static LongStreamPolicy resubscribe(Runnable delivered, Runnable resumed) {
        return LongStreamPolicy.resubscribe(() -> new StreamResumer() {
            @Override
            public void delivered(Payload payload) {
                delivered.run();
            }

            @Override
            public @Nullable Payload resume() {
                resumed.run();
                return DefaultPayload.create("again");
            }
        });
    }

    private static void fail() {
        throw new IllegalStateException("the application's");
    }

    @Test
    void a_resumer_that_throws_fails_its_stream_and_leaves_the_connection_to_the_others() {
        EvenkeelRSocketClient client =
                client(settings -> settings.longStreams("own", resubscribe(IsolationTest::fail, () -> {}))
                        .routes(payload -> payload.getDataUtf8()));
        List<Throwable> others = new CopyOnWriteArrayList<>();
        for (int i = 0; i < 20; i++) {
            client.rsocket().requestResponse(DefaultPayload.create("never")).subscribe(Payload::release, others::add);
        }
        AtomicInteger elements = new AtomicInteger();
        client.rsocket()
                .requestStream(DefaultPayload.create("other"))
                .subscribe(payload -> elements.incrementAndGet(), others::add);
        AtomicReference<Throwable> ended = new AtomicReference<>();
        client.rsocket().requestStream(DefaultPayload.create("own")).subscribe(payload -> {}, ended::set);
        until(() -> ended.get() != null);
        assertThat(ended.get()).hasMessage("the application's");
        int before = elements.get();
        until(() -> elements.get() > before + 3);
        assertThat(others).isEmpty();
        assertThat(client.connections())
                .singleElement()
                .satisfies(connection -> assertThat(connection.inFlight()).isEqualTo(21));
        assertThat(server.clients).hasSize(1);
    }

    @Test
    void a_resumer_that_cant_say_where_to_go_on_ends_its_stream_with_that() {
        EvenkeelRSocketClient client =
                client(settings -> settings.longStreams(resubscribe(() -> {}, IsolationTest::fail)));
        AtomicReference<Throwable> ended = new AtomicReference<>();
        AtomicInteger elements = new AtomicInteger();
        client.rsocket()
                .requestStream(DefaultPayload.create("x"))
                .subscribe(payload -> elements.incrementAndGet(), ended::set);
        until(() -> elements.get() > 0);
        server.clients.forEach(RSocket::dispose);
        until(() -> ended.get() != null);
        assertThat(ended.get()).hasMessage("the application's");
        assertThat(ended.get().getSuppressed()).hasAtLeastOneElementOfType(ConnectionLostException.class);
    }

    @Test
    void a_supplier_of_resumers_or_a_route_function_that_throws_fails_the_stream_and_releases_its_payload() {
        List<EvenkeelRSocketClient> clients = List.of(
                client(settings -> settings.longStreams(LongStreamPolicy.resubscribe(() -> {
                    throw new IllegalStateException("the application's");
                }))),
                client(settings -> settings.longStreams("r", LongStreamPolicy.deadline())
                        .routes(payload -> {
                            throw new IllegalStateException("the application's");
                        })));
        for (EvenkeelRSocketClient client : clients) {
            for (boolean lazy : new boolean[] {false, true}) {
                Payload payload = ByteBufPayload.create("x");
                AtomicReference<Throwable> ended = new AtomicReference<>();
                (lazy
                                ? client.requestStream(Mono.just(payload).hide())
                                : client.rsocket().requestStream(payload))
                        .subscribe(element -> {}, ended::set);
                assertThat(ended.get()).hasMessage("the application's");
                assertThat(payload.refCnt()).isZero();
            }
        }
    }

    /** A subscriber by the letter of Reactive Streams, not one of Reactor's, which catches. */
    private static final class Throwing extends BaseSubscriber<Payload> {
        @Override
        protected void hookOnNext(Payload payload) {
            throw new LinkageError("the subscriber's");
        }
    }

    @Test
    void a_subscriber_that_throws_ends_its_own_request() {
        for (LongStreamPolicy policy : List.of(LongStreamPolicy.stick(), LongStreamPolicy.deadline())) {
            EvenkeelRSocketClient client = client(settings -> settings.longStreams(policy));
            AtomicInteger elements = new AtomicInteger();
            List<Throwable> errors = new CopyOnWriteArrayList<>();
            client.rsocket()
                    .requestStream(DefaultPayload.create("x"))
                    .subscribe(payload -> elements.incrementAndGet(), errors::add);
            client.rsocket().requestStream(DefaultPayload.create("x")).subscribe(new Throwing());
            client.rsocket().requestResponse(DefaultPayload.create("x")).subscribe(new Throwing());
            client.rsocket().requestResponse(DefaultPayload.create("x")).subscribe(payload -> fail(), error -> {
                throw new IllegalStateException("in the error callback");
            });
            until(() -> client.connections().get(0).inFlight() == 1);
            int before = elements.get();
            until(() -> elements.get() > before + 3);
            assertThat(errors).isEmpty();
            assertThat(client.connections()).hasSize(1);
        }
    }

    @Test
    void an_interceptor_that_throws_or_blocks_has_only_its_request() throws InterruptedException {
        CountDownLatch blocked = new CountDownLatch(1);
        RSocketInterceptor spoiling = rsocket -> new RSocketProxy(rsocket) {
            @Override
            public Mono<Payload> requestResponse(Payload payload) {
                if (payload.getDataUtf8().equals("throw")) {
                    throw new IllegalStateException("the interceptor's");
                }
                if (payload.getDataUtf8().equals("block")) {
                    await(blocked);
                }
                return super.requestResponse(payload);
            }
        };
        EvenkeelRSocketClient client = client(settings -> settings.connector(
                RSocketConnector.create().interceptors(registry -> registry.forRequester(spoiling))));
        Payload thrown = ByteBufPayload.create("throw");
        AtomicReference<Throwable> ended = new AtomicReference<>();
        client.rsocket().requestResponse(thrown).subscribe(Payload::release, ended::set);
        until(() -> ended.get() != null);
        assertThat(ended.get()).hasMessage("the interceptor's");
        assertThat(thrown.refCnt()).isZero();
        Thread caller = new Thread(() ->
                client.rsocket().requestResponse(DefaultPayload.create("block")).subscribe(Payload::release, e -> {}));
        caller.start();
        assertThat(client.rsocket()
                        .requestResponse(DefaultPayload.create("x"))
                        .map(Payload::getDataUtf8)
                        .block(LONG))
                .isEqualTo("answer");
        blocked.countDown();
        caller.join();
        until(() -> client.connections().get(0).inFlight() == 0);
    }

    @Test
    void what_an_interceptor_never_returns_from_costs_neither_requests_nor_renewals_nor_the_close() {
        CountDownLatch blocked = new CountDownLatch(1);
        PodInterceptor spoiling = (pod, connection) -> new RSocketProxy(connection) {
            @Override
            public boolean isDisposed() {
                await(blocked);
                return super.isDisposed();
            }

            @Override
            public double availability() {
                await(blocked);
                return super.availability();
            }

            @Override
            public Mono<Void> onClose() {
                await(blocked);
                return super.onClose();
            }

            @Override
            public void dispose() {
                await(blocked);
                super.dispose();
            }
        };
        ExecutorService threads = Executors.newCachedThreadPool();
        try {
            EvenkeelRSocketClient client = client(settings -> settings.interceptor(spoiling)
                    .signals(threads)
                    .maxConnectionAge(Duration.ofMillis(200))
                    .moveWindow(Duration.ZERO));
            until(() -> server.clients.size() >= 3);
            until(() -> client.rsocket().availability() > 0);
            assertThat(ask(client)).isEqualTo("answer");
            client.close();
            until(() -> server.clients.stream().allMatch(RSocket::isDisposed));
        } finally {
            blocked.countDown();
            threads.shutdown();
        }
    }

    private static @Nullable String ask(EvenkeelRSocketClient client) {
        return client.rsocket()
                .requestResponse(DefaultPayload.create("x"))
                .map(Payload::getDataUtf8)
                .block(LONG);
    }

    @Test
    void the_applications_part_of_connecting_runs_where_it_may_block() {
        List<Boolean> onEventLoops = new CopyOnWriteArrayList<>();
        RSocketConnector connector = RSocketConnector.create()
                .setupPayload(Mono.fromSupplier(() -> {
                    onEventLoops.add(Schedulers.isInNonBlockingThread());
                    return DefaultPayload.create("set-up");
                }))
                .acceptor((setup, sending) -> {
                    onEventLoops.add(Schedulers.isInNonBlockingThread());
                    return Mono.just(new RSocket() {});
                })
                .interceptors(registry -> registry.forRequester((RSocketInterceptor) connection -> {
                    onEventLoops.add(Schedulers.isInNonBlockingThread());
                    return connection;
                }));
        EvenkeelRSocketClient client =
                client(settings -> settings.connector(connector).interceptor((pod, connection) -> {
                    onEventLoops.add(Schedulers.isInNonBlockingThread());
                    return connection;
                }));
        assertThat(ask(client)).isEqualTo("answer");
        assertThat(onEventLoops).hasSize(4).containsOnly(false);
    }

    @Test
    void a_subscriber_that_never_returns_from_the_loss_of_its_connection_leaves_the_pod_to_the_others() {
        CountDownLatch blocked = new CountDownLatch(1);
        CountDownLatch lost = new CountDownLatch(1);
        LoopResources loops = LoopResources.create("isolation", 3, true);
        try {
            EvenkeelRSocketClient client =
                    client(settings -> settings.transport(PodTransport.tcp(tcp -> tcp.runOn(loops)))
                            .connectTimeout(Duration.ofSeconds(1))
                            .acquireTimeout(LONG));
            client.rsocket().requestResponse(DefaultPayload.create("never")).subscribe(Payload::release, error -> {
                lost.countDown();
                await(blocked);
            });
            until(() -> server.requests.get() == 1);
            server.clients.forEach(RSocket::dispose);
            await(lost);
            assertThat(ask(client)).isEqualTo("answer");
        } finally {
            blocked.countDown();
            loops.dispose();
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void those_that_wait_are_told_each_for_itself_however_one_of_them_takes_it() {
        server.close();
        EvenkeelRSocketClient client = EvenkeelRSocketClient.builder()
                .target(TestServer.target(server))
                .name("orders")
                .jmx(false)
                .closeTimeout(Duration.ofMillis(100))
                .acquireTimeout(Duration.ofMillis(300))
                .build();
        open.add(0, client);
        CountDownLatch blocked = new CountDownLatch(1);
        AtomicInteger refused = new AtomicInteger();
        List<String> threads = new CopyOnWriteArrayList<>();
        for (int i = 0; i < 2; i++) {
            client.rsocket().requestResponse(DefaultPayload.create("x")).subscribe(answer -> {}, error -> {
                threads.add(Thread.currentThread().getName());
                fail();
            });
            client.rsocket()
                    .requestResponse(DefaultPayload.create("x"))
                    .subscribe(answer -> {}, error -> await(blocked));
        }
        for (int i = 0; i < 20; i++) {
            client.rsocket()
                    .requestResponse(DefaultPayload.create("x"))
                    .subscribe(answer -> {}, error -> refused.incrementAndGet());
        }
        until(() -> refused.get() == 20);
        client.rsocket()
                .requestResponse(DefaultPayload.create("x"))
                .subscribe(answer -> {}, error -> refused.incrementAndGet());
        until(() -> refused.get() == 21);
        assertThat(threads).hasSize(2).noneMatch(name -> name.contains("control"));
        assertThat(client.waiting()).isZero();
        blocked.countDown();
    }
}

package io.evenkeel.rsocket;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.event.MetricsRecorder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.SocketAcceptor;
import io.rsocket.core.RSocketConnector;
import io.rsocket.core.Resume;
import io.rsocket.exceptions.RejectedException;
import io.rsocket.frame.decoder.PayloadDecoder;
import io.rsocket.lease.Lease;
import io.rsocket.plugins.RSocketInterceptor;
import io.rsocket.util.ByteBufPayload;
import io.rsocket.util.DefaultPayload;
import io.rsocket.util.RSocketProxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.test.StepVerifier;

/** The connector's own settings, over real TCP. */
class RealConnectionsTest {

    private static final Duration LONG = Duration.ofSeconds(20);

    private final List<AutoCloseable> open = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : open) {
            each.close();
        }
    }

    private <T extends AutoCloseable> T closing(T it) {
        open.add(0, it);
        return it;
    }

    private EvenkeelRSocketClient client(
            RSocketConnector connector, UnaryOperator<EvenkeelRSocketClientBuilder> settings, TestServer... servers) {
        return closing(settings.apply(EvenkeelRSocketClient.builder()
                        .target(TestServer.target(servers))
                        .name("orders")
                        .clientId("test")
                        .jmx(false)
                        .closeTimeout(Duration.ofSeconds(2))
                        .connector(connector))
                .build());
    }

    private EvenkeelRSocketClient client(RSocketConnector connector, TestServer... servers) {
        return client(connector, settings -> settings, servers);
    }

    /** Buffers that aren't pooled: one that was released stays so, and isn't somebody else's next. */
    private static ByteBuf buffer(int size) {
        return UnpooledByteBufAllocator.DEFAULT.directBuffer(Math.max(1, size)).writeZero(size);
    }

    private static Payload payload(int size) {
        return ByteBufPayload.create(buffer(size));
    }

    /** Until it holds; a condition, not a duration, is what is tested. */
    private static void until(BooleanSupplier condition) {
        long end = System.nanoTime() + LONG.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - end).as("waited in vain").isNegative();
            LockSupport.parkNanos(Duration.ofMillis(5).toNanos());
        }
    }

    @Test
    void payloads_of_any_size_pass_whole_or_in_fragments() {
        TestServer server = closing(TestServer.start("a", settings -> settings.fragment(2_000)));
        server.responder = new RSocket() {
            @Override
            public Mono<Payload> requestResponse(Payload payload) {
                return Mono.just(payload);
            }
        };
        RSocket rsocket =
                client(RSocketConnector.create().fragment(1_000), server).rsocket();
        for (int size : new int[] {0, 1, 999, 1_001, 70_000, 1_000_000}) {
            ByteBuf request = buffer(size);
            StepVerifier.create(rsocket.requestResponse(ByteBufPayload.create(request))
                            .map(answer -> answer.data().readableBytes()))
                    .expectNext(size)
                    .expectComplete()
                    .verify(LONG);
            assertThat(request.refCnt()).as("of %s bytes", size).isZero();
        }
    }

    @Test
    void reference_counts_are_exact_on_every_path() {
        assertThat(LeakCount.sees()).as("a leak is seen").isTrue();
        TestServer server =
                closing(TestServer.start("a", settings -> settings.payloadDecoder(PayloadDecoder.ZERO_COPY)));
        server.responder = new RSocket() {
            @Override
            public Mono<Payload> requestResponse(Payload payload) {
                int kind = payload.sliceData().readableBytes() % 4;
                payload.release();
                return switch (kind) {
                    case 0 -> Mono.error(new IllegalStateException("no"));
                    case 1 -> Mono.never();
                    default -> Mono.just(payload(64));
                };
            }

            @Override
            public Flux<Payload> requestStream(Payload payload) {
                payload.release();
                return Flux.range(0, 50).map(i -> payload(32));
            }

            @Override
            public Flux<Payload> requestChannel(org.reactivestreams.Publisher<Payload> payloads) {
                return Flux.from(payloads);
            }

            @Override
            public Mono<Void> fireAndForget(Payload payload) {
                payload.release();
                return Mono.empty();
            }
        };
        EvenkeelRSocketClient client = client(
                RSocketConnector.create().payloadDecoder(PayloadDecoder.ZERO_COPY),
                settings -> settings.acquireTimeout(Duration.ofMillis(200)),
                server);
        // A channel's publisher that is never subscribed to, since there is no connection yet, stays its owner's.
        until(() -> client.connections().size() == 1);
        List<ByteBuf> sent = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            ByteBuf buffer = buffer(1 + i);
            sent.add(buffer);
            Payload payload = ByteBufPayload.create(buffer);
            Flux<Payload> answers = switch (i % 5) {
                case 0 -> client.rsocket().requestStream(payload).take(i % 3 + 1);
                case 1 -> client.rsocket().requestChannel(Flux.just(payload));
                case 2 -> client.rsocket().fireAndForget(payload).thenMany(Flux.empty());
                case 3 -> client.requestResponse(Mono.just(payload)).flux();
                default -> client.rsocket().requestResponse(payload).flux();
            };
            // Only where no answer comes: the operator itself loses one that comes while it gives up.
            boolean never = i % 5 >= 3 && (1 + i) % 4 == 1;
            (never ? answers.timeout(Duration.ofMillis(30), Flux.empty()) : answers)
                    .doOnNext(Payload::release)
                    .onErrorResume(e -> Flux.empty())
                    .blockLast(LONG);
        }
        server.close();
        until(() -> client.connections().isEmpty());
        for (int i = 0; i < 20; i++) {
            ByteBuf buffer = buffer(8);
            sent.add(buffer);
            Payload payload = ByteBufPayload.create(buffer);
            client.rsocket()
                    .requestResponse(payload)
                    .timeout(Duration.ofMillis(i % 2 == 0 ? 10 : 1_000))
                    .onErrorResume(e -> Mono.empty())
                    .block(LONG);
        }
        client.close();
        assertThat(sent).allMatch(buffer -> buffer.refCnt() == 0);
        sent.clear();
        assertThat(LeakCount.leaks()).isEmpty();
    }

    @Test
    void interceptors_and_the_setup_payload_stay_in_force() {
        AtomicInteger intercepted = new AtomicInteger();
        List<String> setups = new ArrayList<>();
        RSocketInterceptor counting = rsocket -> new RSocketProxy(rsocket) {
            @Override
            public Mono<Payload> requestResponse(Payload payload) {
                intercepted.incrementAndGet();
                return super.requestResponse(payload);
            }
        };
        TestServer server = closing(TestServer.start(
                "a",
                settings ->
                        settings.interceptors(registry -> registry.forSocketAcceptor(acceptor -> (setup, sending) -> {
                            setups.add(setup.getDataUtf8() + " " + setup.dataMimeType());
                            return acceptor.accept(setup, sending);
                        }))));
        RSocketConnector connector = RSocketConnector.create()
                .setupPayload(DefaultPayload.create("hello"))
                .dataMimeType("text/plain")
                .interceptors(registry -> registry.forRequester(counting));
        StepVerifier.create(client(connector, server).rsocket().requestResponse(DefaultPayload.create("x")))
                .expectNextCount(1)
                .expectComplete()
                .verify(LONG);
        assertThat(intercepted).hasValue(1);
        assertThat(setups).containsExactly("hello text/plain");
    }

    @Test
    void an_interceptor_knows_the_pod_of_each_request() {
        TestServer a = closing(TestServer.start("a"));
        TestServer b = closing(TestServer.start("b"));
        PodInterceptor naming = (pod, connection) -> new RSocketProxy(connection) {
            @Override
            public Mono<Payload> requestResponse(Payload payload) {
                return super.requestResponse(payload).map(answer -> withAddress(pod, answer));
            }

            @Override
            public Flux<Payload> requestStream(Payload payload) {
                return super.requestStream(payload).map(answer -> withAddress(pod, answer));
            }
        };
        EvenkeelRSocketClient client =
                client(RSocketConnector.create(), settings -> settings.interceptor(naming), a, b);
        until(() -> client.connections().size() == 2);
        List<String> answers = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            answers.add(client.requestResponse(Mono.just(DefaultPayload.create("0")))
                    .map(Payload::getDataUtf8)
                    .block(LONG));
            answers.add(client.rsocket()
                    .requestStream(DefaultPayload.create("1"))
                    .map(Payload::getDataUtf8)
                    .blockLast(LONG));
        }
        assertThat(answers).containsOnly(a.address() + " a:0", b.address() + " b:0");
    }

    private static Payload withAddress(EndpointKey pod, Payload answer) {
        String text = pod.address() + " " + answer.getDataUtf8();
        answer.release();
        return DefaultPayload.create(text);
    }

    @Test
    void an_interceptor_that_fails_leaves_no_connection_and_does_not_eject_the_pod() {
        TestServer server = closing(TestServer.start("a"));
        AtomicInteger called = new AtomicInteger();
        PodInterceptor failing = (pod, connection) -> {
            if (called.incrementAndGet() == 1) {
                throw new IllegalStateException("as asked for");
            }
            return called.get() == 2 ? null : connection;
        };
        EvenkeelRSocketClient client =
                client(RSocketConnector.create(), settings -> settings.interceptor(failing), server);
        StepVerifier.create(client.rsocket().requestResponse(DefaultPayload.create("x")))
                .expectNextCount(1)
                .expectComplete()
                .verify(LONG);
        assertThat(called).hasValue(3);
        until(() -> server.clients.stream().filter(each -> !each.isDisposed()).count() == 1);
        assertThat(client.status().endpoints())
                .singleElement()
                .satisfies(pod -> assertThat(pod.lastError()).contains("interceptor: null"));
    }

    @Test
    void the_server_asks_the_application_through_its_acceptor_and_is_counted() {
        TestServer server = closing(TestServer.start("a"));
        Sinks.One<Payload> answer = Sinks.one();
        RSocketConnector connector = RSocketConnector.create().acceptor(SocketAcceptor.forRequestResponse(payload -> {
            payload.release();
            return answer.asMono();
        }));
        EvenkeelRSocketClient client = client(connector, server);
        until(() -> !server.clients.isEmpty() && !client.connections().isEmpty());
        Mono<String> asked = server.clients
                .get(0)
                .requestResponse(DefaultPayload.create("who?"))
                .map(Payload::getDataUtf8)
                .cache();
        asked.subscribe();
        until(() -> client.connections().get(0).inFlight() == 1);
        answer.tryEmitValue(DefaultPayload.create("me"));
        StepVerifier.create(asked).expectNext("me").expectComplete().verify(LONG);
        until(() -> client.connections().get(0).inFlight() == 0);
    }

    @Test
    void the_context_reaches_the_interceptors_and_the_payload() {
        List<String> seen = new ArrayList<>();
        RSocketInterceptor looking = rsocket -> new RSocketProxy(rsocket) {
            @Override
            public Mono<Payload> requestResponse(Payload payload) {
                return Mono.deferContextual(context -> {
                    seen.add("request " + context.get("user"));
                    return super.requestResponse(payload);
                });
            }
        };
        EvenkeelRSocketClient client = client(
                RSocketConnector.create().interceptors(registry -> registry.forRequester(looking)),
                closing(TestServer.start("a")));
        Mono<Payload> payload = Mono.deferContextual(context -> {
            seen.add("payload " + context.get("user"));
            return Mono.just(DefaultPayload.create("x"));
        });
        StepVerifier.create(client.requestResponse(payload).contextWrite(context -> context.put("user", "ann")))
                .expectNextCount(1)
                .expectComplete()
                .verify(LONG);
        assertThat(seen).containsExactly("payload ann", "request ann");
    }

    @Test
    void demand_is_passed_on_one_by_one() {
        TestServer server = closing(TestServer.start("a"));
        List<Long> asked = new ArrayList<>();
        server.responder = new RSocket() {
            @Override
            public Flux<Payload> requestStream(Payload payload) {
                payload.release();
                return Flux.range(0, 100)
                        .map(i -> DefaultPayload.create("" + i))
                        .doOnRequest(asked::add);
            }
        };
        StepVerifier.create(
                        client(RSocketConnector.create(), server)
                                .rsocket()
                                .requestStream(DefaultPayload.create("x"))
                                .map(Payload::getDataUtf8),
                        0)
                .thenRequest(1)
                .expectNext("0")
                .thenRequest(1)
                .expectNext("1")
                .thenCancel()
                .verify(LONG);
        assertThat(asked).containsExactly(1L, 1L);
    }

    @Test
    void a_pod_without_a_lease_is_passed_by_until_it_has_one_again() {
        Sinks.Many<Lease> leases = Sinks.many().replay().all();
        TestServer leased = closing(
                TestServer.start("leased", settings -> settings.lease(config -> config.sender(leases::asFlux))));
        TestServer other = closing(TestServer.start(
                "other",
                settings -> settings.lease(
                        config -> config.sender(() -> Flux.just(Lease.create(Duration.ofMinutes(10), 1_000_000))))));
        EvenkeelRSocketClient client = client(RSocketConnector.create().lease(), leased, other);
        until(() -> client.connections().size() == 2 && client.rsocket().availability() > 0);
        ask(client, 40);
        assertThat(leased.requests).as("before it gave a lease").hasValue(0);

        leases.tryEmitNext(Lease.create(Duration.ofMinutes(10), 5));
        until(() -> {
            ask(client, 1);
            return leased.requests.get() > 0;
        });
        ask(client, 60);
        assertThat(leased.requests).as("no more than its lease").hasValueBetween(1, 5);

        // Expired long before the server says so: rsocket-java's availability() would still be 1.
        leases.tryEmitNext(Lease.create(Duration.ofMillis(1), 1_000));
        until(() -> client.connections().size() == 2);
        int before = leased.requests.get();
        Mono.delay(Duration.ofMillis(50)).block(LONG);
        ask(client, 40);
        assertThat(leased.requests.get() - before).isLessThanOrEqualTo(5);
    }

    private static void ask(EvenkeelRSocketClient client, int times) {
        for (int i = 0; i < times; i++) {
            client.rsocket()
                    .requestResponse(DefaultPayload.create("x"))
                    .doOnNext(Payload::release)
                    .block(LONG);
        }
    }

    @Test
    void without_any_lease_a_request_waits_with_us_and_is_told_so_in_time() {
        TestServer leased =
                closing(TestServer.start("leased", settings -> settings.lease(config -> config.sender(Flux::never))));
        EvenkeelRSocketClient client = client(
                RSocketConnector.create().lease(), settings -> settings.acquireTimeout(Duration.ofMillis(200)), leased);
        until(() -> client.connections().size() == 1);
        StepVerifier.create(client.rsocket().requestResponse(DefaultPayload.create("x")))
                .expectErrorSatisfies(e -> assertThat(e)
                        .isInstanceOfSatisfying(
                                NoEndpointException.class,
                                refused -> assertThat(refused.reason()).isEqualTo(NoEndpointException.Reason.NO_LEASE))
                        .hasMessageContaining("no lease within PT0.2S"))
                .verify(LONG);
        assertThat(leased.requests).hasValue(0);
    }

    @Test
    void a_session_is_resumed_at_its_pod_and_ends_for_good_with_the_client() {
        TestServer server = closing(TestServer.start("a", settings -> settings.resume(new Resume())));
        List<io.rsocket.DuplexConnection> wires = new ArrayList<>();
        RSocketConnector connector = RSocketConnector.create()
                .resume(new Resume().sessionDuration(Duration.ofMinutes(2)))
                .interceptors(registry -> registry.forConnection((type, wire) -> {
                    if (type == io.rsocket.plugins.DuplexConnectionInterceptor.Type.SOURCE) {
                        wires.add(wire);
                    }
                    return wire;
                }));
        EvenkeelRSocketClient client = client(connector, server);
        ask(client, 3);
        assertThat(wires).hasSize(1);
        wires.get(0).dispose();
        until(() -> wires.size() == 2);
        ask(client, 3);
        assertThat(client.connections()).as("still the same connection").hasSize(1);

        server.close();
        client.close();
        int dialled = wires.size();
        Mono.delay(Duration.ofMillis(300)).block(LONG);
        assertThat(wires).as("nobody dials the dead any more").hasSize(dialled);
    }

    @Test
    void a_server_that_restarts_without_the_session_is_used_again_at_once() {
        TestServer server = TestServer.start("a", settings -> settings.resume(new Resume()));
        int port = server.port();
        EvenkeelRSocketClient client =
                client(RSocketConnector.create().resume(new Resume().sessionDuration(Duration.ofMinutes(2))), server);
        ask(client, 3);
        server.close();
        TestServer restarted = closing(TestServer.start("b", port, settings -> settings.resume(new Resume())));
        StepVerifier.create(client.requestResponse(Mono.fromSupplier(() -> DefaultPayload.create("x")))
                        .retryWhen(reactor.util.retry.Retry.fixedDelay(75, Duration.ofMillis(200)))
                        .map(Payload::getDataUtf8))
                .expectNext("b:x")
                .expectComplete()
                .verify(LONG);
        assertThat(restarted.requests).hasValue(1);
    }

    @Test
    void a_connection_that_opens_is_measured_once_and_a_short_drain_deadline_alone_is_valid() {
        AtomicInteger opened = new AtomicInteger();
        TestServer server = closing(TestServer.start("a"));
        EvenkeelRSocketClient client = client(
                RSocketConnector.create(),
                settings -> settings.drainDeadline(Duration.ofSeconds(1)).metrics(new MetricsRecorder() {
                    @Override
                    public void connectionOpened(String pool, EndpointKey endpoint, Duration took) {
                        opened.incrementAndGet();
                    }
                }),
                server);
        ask(client, 3);
        assertThat(opened).hasValue(1);
    }

    @Test
    void a_stream_is_begun_again_as_long_as_it_has_given_nothing() {
        TestServer a = closing(TestServer.start("a"));
        EvenkeelRSocketClient client = client(RSocketConnector.create(), a);
        RSocket retrying = IdempotentRetry.over(
                client.rsocket(),
                io.github.resilience4j.retry.Retry.of(
                        "orders",
                        IdempotentRetry.config()
                                .maxAttempts(3)
                                .waitDuration(Duration.ofMillis(20))
                                .build()),
                payload -> true);
        AtomicInteger elements = new AtomicInteger();
        a.responder = new RSocket() {
            @Override
            public Flux<Payload> requestStream(Payload payload) {
                payload.release();
                Flux<Payload> some = Flux.range(0, elements.get()).map(i -> DefaultPayload.create("" + i));
                return a.requests.get() == 2
                        ? Flux.just(DefaultPayload.create("all"))
                        : some.concatWith(
                                Mono.<Payload>never().doOnSubscribe(s -> a.clients.forEach(RSocket::dispose)));
            }
        };
        ByteBuf buffer = buffer(3);
        StepVerifier.create(
                        retrying.requestStream(ByteBufPayload.create(buffer)).map(Payload::getDataUtf8))
                .expectNext("all")
                .expectComplete()
                .verify(LONG);
        until(() -> buffer.refCnt() == 0);

        a.requests.set(10);
        ByteBuf lost = buffer(3);
        StepVerifier.create(retrying.requestStream(ByteBufPayload.create(lost)).map(Payload::getDataUtf8))
                .expectError(ConnectionLostException.class)
                .verify(LONG);
        assertThat(a.requests).as("three attempts").hasValue(13);
        until(() -> lost.refCnt() == 0);

        elements.set(1);
        StepVerifier.create(retrying.requestStream(DefaultPayload.create("x")).map(Payload::getDataUtf8), 1)
                .expectNext("0")
                .expectError(ConnectionLostException.class)
                .verify(LONG);
        assertThat(a.requests).as("one, since it had begun").hasValue(14);
    }

    @Test
    void a_retry_of_idempotent_requests_finds_another_pod() {
        retryFindsTheOtherPod(a -> {
            a.clients.forEach(RSocket::dispose);
            return Mono.never();
        });
    }

    @Test
    void what_a_pod_rejects_is_retried_at_another() {
        retryFindsTheOtherPod(a -> Mono.error(new RejectedException("no")));
    }

    private void retryFindsTheOtherPod(Function<TestServer, Mono<Payload>> answer) {
        TestServer a = closing(TestServer.start("a"));
        TestServer b = closing(TestServer.start("b"));
        a.responder = new RSocket() {
            @Override
            public Mono<Payload> requestResponse(Payload payload) {
                payload.release();
                return answer.apply(a);
            }
        };
        EvenkeelRSocketClient client = client(RSocketConnector.create(), a, b);
        until(() -> client.connections().size() == 2);
        RSocket retrying = IdempotentRetry.over(
                client.rsocket(),
                io.github.resilience4j.retry.Retry.of(
                        "orders",
                        IdempotentRetry.config()
                                .maxAttempts(20)
                                .waitDuration(Duration.ofMillis(20))
                                .build()),
                payload -> true);
        for (int i = 0; i < 20; i++) {
            ByteBuf buffer = UnpooledByteBufAllocator.DEFAULT.directBuffer().writeByte('x');
            StepVerifier.create(retrying.requestResponse(ByteBufPayload.create(buffer))
                            .map(Payload::getDataUtf8))
                    .expectNext("b:x")
                    .expectComplete()
                    .verify(LONG);
            until(() -> buffer.refCnt() == 0);
        }
        assertThat(a.requests.get()).as("it was tried").isPositive();
    }
}

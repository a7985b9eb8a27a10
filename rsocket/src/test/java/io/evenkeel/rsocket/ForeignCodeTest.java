package io.evenkeel.rsocket;

import static io.evenkeel.rsocket.PoolBed.leaving;
import static io.evenkeel.rsocket.PoolBed.pod;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.CapturedLog;
import io.evenkeel.FaultInjector;
import io.evenkeel.FaultInjector.Kind;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.status.EndpointStatus;
import io.evenkeel.time.SteppedTasks;
import io.rsocket.Payload;
import io.rsocket.exceptions.ApplicationErrorException;
import io.rsocket.util.DefaultPayload;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.reactivestreams.Publisher;
import org.reactivestreams.Subscriber;
import org.reactivestreams.Subscription;

/**
 * Whichever call of foreign code throws, and what, or never returns: the pool goes on. A scenario over core's rebalancer and
 * connections in memory (start, scale-out, drain, renewal, ejection, close) is run once for each call of connecting, of the
 * RSocket with the application's interceptors, the resumer, the route function, countsAsFailure, the subscribers, the listener
 * and the recorder. {@link IsolationTest} has code that blocks over real TCP.
 */
@Timeout(300)
class ForeignCodeTest {

    /** Every so many calls one fails, another one with each kind; 1 to try all of them. */
    private static final int STEP = Integer.getInteger("evenkeel.foreign.step", 20);

    /** Of all kinds of fault: what failed. */
    private static final Set<String> FAILED = new TreeSet<>();

    /** More calls than one task makes: a task that begins so long before the one that never returns has no thread. */
    private static final int NEAR = 200;

    @ParameterizedTest
    @EnumSource(Kind.class)
    void whichever_call_fails_in_whichever_way_the_pool_serves_again(Kind kind) {
        FaultInjector counting = FaultInjector.none();
        new Scenario(counting, new SteppedTasks(() -> false)).run();
        int runs = 0;
        List<String> failures = new ArrayList<>();
        Map<String, Integer> methods = new TreeMap<>();
        for (int n = 1 + kind.ordinal(); n <= counting.calls(); n += STEP) {
            FaultInjector fault = run(n, kind, failures);
            if (fault.failed() != null) {
                runs++;
                methods.merge(fault.failed(), 1, Integer::sum);
            }
        }
        System.out.printf(
                "foreign code, RSocket, %s: %d calls in the scenario, %d runs, %d failed, by method %s%n",
                kind, counting.calls(), runs, failures.size(), methods);
        assertThat(failures).isEmpty();
        assertThat(methods).containsKeys("requestStream", "onNext", "onSubscribe");
        FAILED.addAll(methods.keySet());
        if (STEP == 1) {
            assertThat(methods).containsKeys("requestResponse", "dispose", "run", "get", "delivered", "resume");
            assertThat(methods).containsKeys("apply", "test", "on", "onComplete", "onError");
        }
    }

    @AfterAll
    static void every_kind_of_code_has_failed_in_some_way() {
        assertThat(FAILED)
                .contains("requestResponse", "requestStream", "delivered", "get", "apply", "test")
                .contains("onNext", "onSubscribe", "onComplete", "on");
    }

    private static FaultInjector run(int n, Kind kind, List<String> failures) {
        AtomicReference<FaultInjector> due = new AtomicReference<>();
        boolean never = kind == Kind.NEVER_COMPLETES;
        SteppedTasks threads = new SteppedTasks(() -> never && due.get().isDueWithin(NEAR));
        FaultInjector fault = never ? FaultInjector.blocking(n, threads::block) : new FaultInjector(n, kind);
        due.set(fault);
        try (CapturedLog log = new CapturedLog()) {
            new Scenario(fault, threads).run();
        } catch (RuntimeException | AssertionError failure) {
            failures.add(fault + ": " + failure);
        } finally {
            threads.interrupt(Duration.ofSeconds(5));
        }
        return fault;
    }

    private static final class Scenario {
        private static final Endpoint A = pod("a1");
        private static final Endpoint B = pod("b2");
        private static final Endpoint C = pod("c3");
        private static final Endpoint D = pod("d4");

        /** How long a connection whose event loop is stuck goes unnoticed, by its KEEPALIVEs. */
        private static final int KEEPALIVE = 10;

        private final FaultInjector fault;
        private final SteppedTasks threads;
        private final PoolBed bed;
        private final List<Asking> asked = new ArrayList<>();
        /** Connections whose event loop is stuck in the application's code, with the seconds since. */
        private final Map<FakeRSocket, Integer> stuck = new LinkedHashMap<>();

        private @Nullable String shown;

        Scenario(FaultInjector fault, SteppedTasks threads) {
            this.fault = fault;
            this.threads = threads;
            Function<Payload, String> routes = Payload::getDataUtf8;
            Supplier<StreamResumer> resumers = () -> fault.wrap(StreamResumer.class, new StreamResumer() {
                @Override
                public void delivered(Payload payload) {}

                @Override
                public Payload resume() {
                    return DefaultPayload.create("again");
                }
            });
            bed = new PoolBed(
                    settings ->
                            settings.maxConnectionAge(Duration.ofSeconds(30)).moveWindow(Duration.ofSeconds(2)),
                    new StreamPolicies(
                            LongStreamPolicy.stick(),
                            Map.of("long", LongStreamPolicy.resubscribe(fault.wrap(Supplier.class, resumers))),
                            fault.wrap(Function.class, routes)),
                    1,
                    32,
                    fault,
                    threads);
        }

        void run() {
            request();
            publish(A, B);
            pass(3);
            publish(A, B, C);
            pass(3);
            publish(leaving("a1"), B, C);
            pass(5);
            publish(B, C);
            pass(40);
            bed.down.add("b2");
            bed.sockets.stream()
                    .filter(socket -> socket.pod.equals("b2"))
                    .toList()
                    .forEach(this::lose);
            pass(8);
            bed.down.clear();
            pass(8);
            publish(A, B, C, D);
            pass(5);
            settle();
            close();
        }

        private void publish(Endpoint... endpoints) {
            bed.publish(endpoints);
        }

        private void pass(int seconds) {
            for (int i = 0; i < seconds; i++) {
                request();
                bed.pass(Duration.ofMillis(500));
                answer();
                bed.pass(Duration.ofMillis(500));
                look();
            }
        }

        private void request() {
            subscribe(() -> new PodsRSocket(bed.router, null, () -> 1).requestResponse(DefaultPayload.create("x")));
            subscribe(() -> new PodsRSocket(bed.router, null, () -> 1).requestStream(DefaultPayload.create("long")));
        }

        /** On a caller's thread. */
        private void subscribe(Supplier<Publisher<Payload>> request) {
            threads.run(() -> {
                Asking asking = new Asking();
                asked.add(asking);
                try {
                    request.get().subscribe(fault.wrap(Subscriber.class, asking));
                } catch (RuntimeException | Error e) {
                    // It is the caller's.
                }
            });
        }

        /** On its event loop. */
        private void lose(FakeRSocket socket) {
            threads.run(socket::lose);
        }

        /** Each on its event loop. */
        private void answer() {
            for (FakeRSocket socket : List.copyOf(bed.sockets)) {
                Integer since = stuck.computeIfPresent(socket, (same, seconds) -> seconds + 1);
                if (since == null && !threads.run(() -> answer(socket))) {
                    stuck.put(socket, 0);
                } else if (since != null && since == KEEPALIVE) {
                    lose(socket);
                }
            }
        }

        private static void answer(FakeRSocket socket) {
            for (int i = 0; i < socket.responses.size(); i++) {
                if (i % 3 == 2) {
                    socket.responses.get(i).tryEmitError(new ApplicationErrorException("the server's"));
                } else {
                    socket.answer(i, "answer");
                }
            }
            for (int i = 0; i < socket.streams.size(); i++) {
                socket.emit(i, "element");
            }
            // Some end, others outlast their connection.
            for (int i = 0; i < socket.streams.size() - 1; i++) {
                socket.streams.get(i).tryEmitComplete();
            }
        }

        private void look() {
            if (fault.failed() == null || shown != null) {
                return;
            }
            for (EndpointStatus endpoint : bed.rebalancer.status().endpoints()) {
                String error = endpoint.lastError();
                if (error != null
                        && (error.contains(FaultInjector.MESSAGE) || error.contains("no connection within"))) {
                    shown = error;
                }
            }
        }

        private void settle() {
            fault.disarm();
            pass(60);
            for (FakeRSocket socket : bed.sockets) {
                socket.received.clear();
            }
            int before = asked.size();
            for (int i = 0; i < 20; i++) {
                request();
                bed.scheduler.runDue();
            }
            for (Endpoint pod : List.of(A, B, C, D)) {
                assertThat(bed.sockets)
                        .as("connections of %s, %s", pod.key(), bed.rebalancer.status())
                        .filteredOn(socket -> socket.pod.equals(pod.identity()) && !socket.isDisposed())
                        .isNotEmpty()
                        .anySatisfy(socket -> assertThat(socket.received).isNotEmpty());
            }
            answer();
            for (FakeRSocket socket : bed.sockets) {
                threads.run(() -> socket.streams.forEach(stream -> stream.tryEmitComplete()));
            }
            bed.pass(Duration.ofSeconds(40));
            assertThat(asked.subList(before, asked.size()))
                    .as("how often each request of these ended")
                    .hasSize(40)
                    .allSatisfy(asking -> assertThat(asking.ended).hasValue(1));
            assertThat(bed.connected()).as("connections that servers see").isBetween(4, 4 + leftOpen());
            if ("run".equals(fault.failed())) {
                assertThat(shown)
                        .as("the cause of a failed connect in the status")
                        .isNotNull();
            }
        }

        /**
         * Where the RSocket isn't closed, the wire beneath it is, which these connections don't have; and a connection
         * is there for as long as a caller that doesn't come back has a request on it.
         */
        private int leftOpen() {
            return threads.blocked();
        }

        private void close() {
            bed.rebalancer.close();
            bed.scheduler.runDue();
            bed.connections.shut();
            bed.connections.dispose();
            bed.pass(Duration.ofSeconds(10));
            assertThat(bed.connected())
                    .as("connections that servers see after the close")
                    .isLessThanOrEqualTo("dispose".equals(fault.failed()) ? leftOpen() : 0);
            assertThat(bed.connections.inFlight()).as("requests in flight").isZero();
            assertThat(asked)
                    .as("requests that ended more than once, or not at all though none of their code failed")
                    .filteredOn(asking -> asking.ended.get() != 1)
                    .hasSizeLessThanOrEqualTo(threads.blocked() > 0 ? asked.size() : 1)
                    .allSatisfy(asking -> assertThat(asking.ended).hasValue(0));
            assertThat(threads.calledOutside())
                    .as("calls that may block, on the control thread")
                    .isZero();
        }
    }

    /** Asks for everything. */
    private static final class Asking implements Subscriber<Payload> {
        final AtomicInteger ended = new AtomicInteger();

        @Override
        public void onSubscribe(Subscription subscription) {
            subscription.request(Long.MAX_VALUE);
        }

        @Override
        public void onNext(Payload payload) {
            payload.release();
        }

        @Override
        public void onError(Throwable failure) {
            ended.incrementAndGet();
        }

        @Override
        public void onComplete() {
            ended.incrementAndGet();
        }
    }
}

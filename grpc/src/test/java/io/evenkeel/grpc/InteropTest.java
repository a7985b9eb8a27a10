package io.evenkeel.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Attributes;
import io.grpc.ForwardingServerBuilder;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.ServerStreamTracer;
import io.grpc.ServerTransportFilter;
import io.grpc.testing.integration.AbstractInteropTest;
import io.grpc.testing.integration.Soak;
import io.grpc.testing.integration.TestServiceImpl;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.IntStream;
import org.junit.After;
import org.junit.Assume;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.runner.JUnitCore;
import org.junit.runner.Result;
import org.junit.runner.notification.Failure;
import org.junit.runner.notification.RunListener;

/** gRPC's own tests of what any channel must do, over our resolver and policy and three servers, by each transport. */
@Timeout(240)
class InteropTest {
    private static final int SERVERS = 3;
    private static final int TESTS = 35;
    /**
     * gRPC's transport within a process enforces no limit of a message's size, and a message there has no size on a
     * wire, which what is recorded of a call is compared with.
     */
    private static final Set<String> NOT_IN_PROCESS =
            Set.of("maxInboundSize_tooBig", "maxOutboundSize_tooBig", "censusContextsPropagated");

    private static final AtomicIntegerArray CALLS = new AtomicIntegerArray(SERVERS);

    /** That of the test that runs; the cases are made by a runner that knows nothing of it. */
    private static InteropTransport transport;

    @BeforeEach
    void countAnew() {
        for (int i = 0; i < SERVERS; i++) {
            CALLS.set(i, 0);
        }
    }

    private static void assertThatAllServed() {
        for (int i = 0; i < SERVERS; i++) {
            assertThat(CALLS.get(i)).as("calls at server %d", i).isPositive();
        }
    }

    @ParameterizedTest
    @EnumSource(InteropTransport.class)
    void a_channel_balanced_by_the_policy_passes_grpcs_own_tests(InteropTransport by) {
        transport = by;
        Set<String> skipped = new TreeSet<>();
        JUnitCore core = new JUnitCore();
        core.addListener(new RunListener() {
            @Override
            public void testAssumptionFailure(Failure failure) {
                skipped.add(failure.getDescription().getMethodName());
            }
        });
        Result result = core.run(Cases.class);

        System.out.printf(
                "grpc-interop-testing by %s with the policy evenkeel: %d tests, %d failed, skipped %s, "
                        + "%d ms; calls per server %s%n",
                by, result.getRunCount(), result.getFailureCount(), skipped, result.getRunTime(), CALLS);
        assertThat(result.getFailures()).extracting(Failure::getTrace).isEmpty();
        assertThat(result.getRunCount()).isEqualTo(TESTS);
        assertThat(skipped).isEqualTo(by == InteropTransport.IN_PROCESS ? NOT_IN_PROCESS : Set.of());
        assertThatAllServed();
    }

    @Test
    void the_soak_of_calls_is_spread_over_the_servers() throws Exception {
        try (SoakBed bed = new SoakBed()) {
            ManagedChannel channel = bed.channel();
            Soak.run("static:///", 2_000, 4, channel, same -> same);
            System.out.printf("rpc_soak: 2000 calls, calls per server %s%n", CALLS);
            for (int i = 0; i < SERVERS; i++) {
                assertThat(CALLS.get(i)).as("calls at server %d", i).isBetween(500, 833);
            }
        }
    }

    @Test
    void the_soak_of_channels_fails_no_call() throws Exception {
        try (SoakBed bed = new SoakBed()) {
            Soak.run("static:///", 100, 1, bed.channel(), last -> {
                last.shutdown();
                return bed.channel();
            });
            System.out.printf("channel_soak: 100 channels, calls per server %s%n", CALLS);
            assertThat(IntStream.range(0, SERVERS).map(CALLS::get).sum()).isEqualTo(100);
        }
    }

    /** Three servers of gRPC's test service over TCP. */
    private static final class SoakBed implements AutoCloseable {
        private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        private final List<Server> servers = new ArrayList<>();
        private final List<ManagedChannel> channels = new ArrayList<>();

        SoakBed() throws IOException {
            for (int i = 0; i < SERVERS; i++) {
                servers.add(InteropTransport.NETTY
                        .server()
                        .addService(new TestServiceImpl(timer))
                        .intercept(new Counted(i))
                        .build()
                        .start());
            }
        }

        ManagedChannel channel() {
            ManagedChannel channel = InteropTransport.NETTY.balanced(servers).build();
            channels.add(channel);
            return channel;
        }

        @Override
        public void close() {
            channels.forEach(ManagedChannel::shutdownNow);
            servers.forEach(Server::shutdownNow);
            timer.shutdownNow();
        }
    }

    /** Run by the test above only: the engine that finds tests here doesn't know the older annotations. */
    public static final class Cases extends AbstractInteropTest {
        private final List<Server> servers = new ArrayList<>();
        private final CountDownLatch connected = new CountDownLatch(SERVERS);

        @Override
        protected ServerBuilder<?> getServerBuilder() {
            return new Alike(IntStream.range(0, SERVERS).mapToObj(this::server).toList());
        }

        private ServerBuilder<?> server(int index) {
            return transport
                    .server()
                    .addStreamTracerFactory(createCustomCensusTracerFactory())
                    .maxInboundMessageSize(MAX_MESSAGE_SIZE)
                    .addTransportFilter(new ServerTransportFilter() {
                        @Override
                        public Attributes transportReady(Attributes attributes) {
                            connected.countDown();
                            return attributes;
                        }
                    })
                    .intercept(new Counted(index));
        }

        @Override
        protected ManagedChannelBuilder<?> createChannelBuilder() {
            return transport.balanced(servers).intercept(createCensusStatsClientInterceptor());
        }

        /** With every connection open, so that a test's calls don't all go to the first. */
        @Override
        protected ManagedChannel createChannel() {
            ManagedChannel made = super.createChannel();
            made.getState(true);
            try {
                assertThat(connected.await(20, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            return made;
        }

        @Override
        protected boolean metricsExpected() {
            return transport != InteropTransport.IN_PROCESS;
        }

        @Override
        public void maxInboundSize_tooBig() {
            Assume.assumeTrue(transport != InteropTransport.IN_PROCESS);
            super.maxInboundSize_tooBig();
        }

        @Override
        public void maxOutboundSize_tooBig() {
            Assume.assumeTrue(transport != InteropTransport.IN_PROCESS);
            super.maxOutboundSize_tooBig();
        }

        @After
        public void endTheOtherServers() {
            servers.forEach(Server::shutdownNow);
        }

        /** What the tests ask of their server holds for all of them; the first is the one that they see. */
        private final class Alike extends ForwardingServerBuilder<Alike> {
            private final List<? extends ServerBuilder<?>> builders;

            Alike(List<? extends ServerBuilder<?>> builders) {
                this.builders = builders;
            }

            @Override
            protected ServerBuilder<?> delegate() {
                return builders.get(0);
            }

            @Override
            public Alike addService(ServerServiceDefinition service) {
                builders.forEach(builder -> builder.addService(service));
                return this;
            }

            @Override
            public Alike addStreamTracerFactory(ServerStreamTracer.Factory factory) {
                builders.forEach(builder -> builder.addStreamTracerFactory(factory));
                return this;
            }

            @Override
            public Server build() {
                builders.forEach(builder -> servers.add(builder.build()));
                try {
                    for (Server other : servers.subList(1, SERVERS)) {
                        other.start();
                    }
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                return servers.get(0);
            }
        }
    }

    private record Counted(int index) implements ServerInterceptor {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            CALLS.incrementAndGet(index);
            return next.startCall(call, headers);
        }
    }
}

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
import io.grpc.netty.InternalNettyChannelBuilder;
import io.grpc.netty.InternalNettyServerBuilder;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.testing.integration.AbstractInteropTest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.After;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.runner.JUnitCore;
import org.junit.runner.Result;
import org.junit.runner.notification.Failure;

/** gRPC's own tests of what any channel must do, over our resolver and policy and three servers on loopback. */
@Timeout(240)
class InteropTest {
    private static final int SERVERS = 3;
    private static final int TESTS = 35;
    private static final AtomicIntegerArray CALLS = new AtomicIntegerArray(SERVERS);

    @Test
    void a_channel_balanced_by_the_policy_passes_grpcs_own_tests() {
        Result result = JUnitCore.runClasses(Cases.class);

        System.out.printf(
                "grpc-interop-testing over static:/// with the policy evenkeel: %d tests, %d failed, %d skipped, "
                        + "%d ms; calls per server %s%n",
                result.getRunCount(),
                result.getFailureCount(),
                result.getAssumptionFailureCount(),
                result.getRunTime(),
                CALLS);
        assertThat(result.getFailures()).extracting(Failure::getTrace).isEmpty();
        assertThat(result.getRunCount() - (int) result.getAssumptionFailureCount())
                .isGreaterThanOrEqualTo(TESTS);
        for (int i = 0; i < SERVERS; i++) {
            assertThat(CALLS.get(i)).as("calls at server %d", i).isPositive();
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

        private NettyServerBuilder server(int index) {
            NettyServerBuilder builder = NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0));
            // the tests count calls themselves, on both sides
            InternalNettyServerBuilder.setStatsEnabled(builder, false);
            return builder.addStreamTracerFactory(createCustomCensusTracerFactory())
                    .flowControlWindow(TEST_FLOW_CONTROL_WINDOW)
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
            String target = servers.stream()
                    .map(server -> "127.0.0.1:" + server.getPort())
                    .collect(Collectors.joining(",", "static:///", ""));
            NettyChannelBuilder builder = NettyChannelBuilder.forTarget(target)
                    .usePlaintext()
                    .flowControlWindow(TEST_FLOW_CONTROL_WINDOW)
                    .maxInboundMessageSize(MAX_MESSAGE_SIZE);
            InternalNettyChannelBuilder.setStatsEnabled(builder, false);
            return EvenkeelGrpc.balance(builder, settings -> settings.jmx(false))
                    .intercept(createCensusStatsClientInterceptor());
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

        @After
        public void endTheOtherServers() {
            servers.forEach(Server::shutdownNow);
        }

        /** What the tests ask of their server holds for all of them; the first is the one that they see. */
        private final class Alike extends ForwardingServerBuilder<Alike> {
            private final List<NettyServerBuilder> builders;

            Alike(List<NettyServerBuilder> builders) {
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

package io.evenkeel.grpc;

import static io.grpc.testing.integration.AbstractInteropTest.MAX_MESSAGE_SIZE;
import static io.grpc.testing.integration.AbstractInteropTest.TEST_FLOW_CONTROL_WINDOW;

import io.grpc.Attributes;
import io.grpc.EquivalentAddressGroup;
import io.grpc.ManagedChannelBuilder;
import io.grpc.NameResolver;
import io.grpc.NameResolverProvider;
import io.grpc.NameResolverRegistry;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.StatusOr;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.inprocess.InProcessSocketAddress;
import io.grpc.inprocess.InternalInProcessChannelBuilder;
import io.grpc.inprocess.InternalInProcessServerBuilder;
import io.grpc.netty.InternalNettyChannelBuilder;
import io.grpc.netty.InternalNettyServerBuilder;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.okhttp.InternalOkHttpChannelBuilder;
import io.grpc.okhttp.OkHttpChannelBuilder;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/**
 * The transports that a channel can have. gRPC's tests count calls themselves, on both sides, so its own counting is
 * off.
 */
enum InteropTransport {
    NETTY {
        @Override
        ManagedChannelBuilder<?> channel(List<Server> servers) {
            NettyChannelBuilder builder =
                    NettyChannelBuilder.forTarget(tcp(servers)).flowControlWindow(TEST_FLOW_CONTROL_WINDOW);
            InternalNettyChannelBuilder.setStatsEnabled(builder, false);
            return builder;
        }
    },
    NETTY_SHADED {
        @Override
        ServerBuilder<?> server() {
            var builder = io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder.forAddress(anyPort())
                    .flowControlWindow(TEST_FLOW_CONTROL_WINDOW);
            io.grpc.netty.shaded.io.grpc.netty.InternalNettyServerBuilder.setStatsEnabled(builder, false);
            return builder;
        }

        @Override
        ManagedChannelBuilder<?> channel(List<Server> servers) {
            var builder = io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder.forTarget(tcp(servers))
                    .flowControlWindow(TEST_FLOW_CONTROL_WINDOW);
            io.grpc.netty.shaded.io.grpc.netty.InternalNettyChannelBuilder.setStatsEnabled(builder, false);
            return builder;
        }
    },
    OKHTTP {
        @Override
        ManagedChannelBuilder<?> channel(List<Server> servers) {
            OkHttpChannelBuilder builder =
                    OkHttpChannelBuilder.forTarget(tcp(servers)).flowControlWindow(TEST_FLOW_CONTROL_WINDOW);
            InternalOkHttpChannelBuilder.setStatsEnabled(builder, false);
            return builder;
        }
    },
    /** Addresses without host and port, as another resolver than ours reports them. */
    IN_PROCESS {
        @Override
        ServerBuilder<?> server() {
            InProcessServerBuilder builder = InProcessServerBuilder.forName("pod-" + COUNT.incrementAndGet());
            InternalInProcessServerBuilder.setStatsEnabled(builder, false);
            return builder;
        }

        @Override
        ManagedChannelBuilder<?> channel(List<Server> servers) {
            String target = servers.stream()
                    .map(server ->
                            ((InProcessSocketAddress) server.getListenSockets().get(0)).getName())
                    .collect(Collectors.joining(",", InProcessPods.SCHEME + ":///", ""));
            InProcessChannelBuilder builder = InProcessChannelBuilder.forTarget(target);
            InternalInProcessChannelBuilder.setStatsEnabled(builder, false);
            return builder;
        }
    };

    private static final AtomicInteger COUNT = new AtomicInteger();

    static {
        NameResolverRegistry.getDefaultRegistry().register(new InProcessPods());
    }

    /** Not started. */
    ServerBuilder<?> server() {
        NettyServerBuilder builder =
                NettyServerBuilder.forAddress(anyPort()).flowControlWindow(TEST_FLOW_CONTROL_WINDOW);
        InternalNettyServerBuilder.setStatsEnabled(builder, false);
        return builder;
    }

    abstract ManagedChannelBuilder<?> channel(List<Server> servers);

    /** Balanced by the policy over these servers. */
    final ManagedChannelBuilder<?> balanced(List<Server> servers) {
        return EvenkeelGrpc.balance(
                channel(servers).usePlaintext().maxInboundMessageSize(MAX_MESSAGE_SIZE),
                settings -> settings.jmx(false));
    }

    private static SocketAddress anyPort() {
        return new InetSocketAddress("127.0.0.1", 0);
    }

    private static String tcp(List<Server> servers) {
        return servers.stream()
                .map(server -> "127.0.0.1:" + server.getPort())
                .collect(Collectors.joining(",", "static:///", ""));
    }

    /** Resolves {@code in-process-pods:///a,b} to the servers of these names in this process. */
    private static final class InProcessPods extends NameResolverProvider {
        static final String SCHEME = "in-process-pods";

        @Override
        protected boolean isAvailable() {
            return true;
        }

        @Override
        protected int priority() {
            return 5;
        }

        @Override
        public String getDefaultScheme() {
            return SCHEME;
        }

        @Override
        public Collection<Class<? extends SocketAddress>> getProducedSocketAddressTypes() {
            return Set.of(InProcessSocketAddress.class);
        }

        @Override
        public NameResolver newNameResolver(URI target, NameResolver.Args args) {
            if (!SCHEME.equals(target.getScheme())) {
                return null;
            }
            List<EquivalentAddressGroup> pods = Arrays.stream(
                            target.getPath().substring(1).split(","))
                    .map(name -> new EquivalentAddressGroup(new InProcessSocketAddress(name)))
                    .toList();
            return new NameResolver() {
                @Override
                public String getServiceAuthority() {
                    return "pods";
                }

                @Override
                public void start(Listener2 listener) {
                    args.getSynchronizationContext()
                            .execute(() -> listener.onResult2(ResolutionResult.newBuilder()
                                    .setAddressesOrError(StatusOr.fromValue(pods))
                                    .setAttributes(Attributes.EMPTY)
                                    .build()));
                }

                @Override
                public void shutdown() {}
            };
        }
    }
}

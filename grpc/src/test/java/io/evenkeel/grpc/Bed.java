package io.evenkeel.grpc;

import io.evenkeel.adapter.PoolSettings;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.Target;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.EndpointSourceProvider;
import io.evenkeel.source.FakeSource;
import io.evenkeel.source.SourceContext;
import io.evenkeel.watch.WatcherConfig;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.NameResolverRegistry;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/** Real servers over loopback TCP, behind a target whose Pods the test sets. */
final class Bed implements AutoCloseable {

    private static final AtomicInteger COUNT = new AtomicInteger();
    private static final Map<String, Source> SOURCES = new ConcurrentHashMap<>();

    static {
        NameResolverRegistry.getDefaultRegistry().register(new PodNameResolverProvider("bed", "bed") {});
    }

    /** Also the source's state: a watch that begins later reports it. */
    static final class Source {
        private final List<FakeSource> watched = new ArrayList<>();
        private List<Endpoint> now = List.of();

        synchronized EndpointSource begin() {
            FakeSource source = new FakeSource();
            watched.add(source);
            return new EndpointSource() {
                @Override
                public void start(Observer observer) {
                    synchronized (Source.this) {
                        source.start(observer);
                        source.endpoints(now.toArray(Endpoint[]::new));
                    }
                }

                @Override
                public void close() {
                    source.close();
                }
            };
        }

        synchronized void set(Endpoint... endpoints) {
            now = List.of(endpoints);
            for (FakeSource source : watched) {
                source.endpoints(endpoints);
            }
        }

        synchronized int watches() {
            return watched.size();
        }
    }

    /** For {@code ServiceLoader}. */
    public static final class SourceProvider implements EndpointSourceProvider {
        @Override
        public Set<String> schemes() {
            return Set.of("bed");
        }

        @Override
        public EndpointSource create(Target target, SourceContext context) {
            return SOURCES.get(target.path()).begin();
        }
    }

    final String target;
    final Source source = new Source();
    final List<PodServer> servers = new ArrayList<>();
    private final List<ManagedChannel> channels = new ArrayList<>();

    Bed(int pods) throws IOException {
        String name = "service-" + COUNT.incrementAndGet();
        SOURCES.put(name, source);
        target = "bed:///" + name;
        for (int i = 0; i < pods; i++) {
            servers.add(PodServer.start("pod-" + i));
        }
        show(servers.toArray(PodServer[]::new));
    }

    void show(PodServer... listed) {
        source.set(Arrays.stream(listed).map(PodServer::endpoint).toArray(Endpoint[]::new));
    }

    PodServer add() throws IOException {
        PodServer server = PodServer.start("pod-" + servers.size());
        servers.add(server);
        return server;
    }

    ManagedChannel channel(Consumer<PoolSettings> settings) {
        return register(builder(settings).build());
    }

    /** By the policy that this entry of a service config names. */
    ManagedChannel channel(Map<String, ?> policy) {
        return register(builder(settings -> {})
                .defaultServiceConfig(Map.of("loadBalancingConfig", List.of(policy)))
                .build());
    }

    /** What changes counts at once: neither settled nor spread over a time. */
    private NettyChannelBuilder builder(Consumer<PoolSettings> settings) {
        return EvenkeelGrpc.balance(NettyChannelBuilder.forTarget(target).usePlaintext(), given -> {
            given.moveWindow(Duration.ZERO)
                    .jmx(false)
                    .watch(WatcherConfig.builder().settle(Duration.ZERO).build());
            settings.accept(given);
        });
    }

    ManagedChannel register(ManagedChannel channel) {
        channels.add(channel);
        return channel;
    }

    static String echo(ManagedChannel channel) {
        return ClientCalls.blockingUnaryCall(
                channel, PodServer.ECHO, CallOptions.DEFAULT.withDeadlineAfter(20, TimeUnit.SECONDS), "?");
    }

    static Iterator<String> watch(ManagedChannel channel, CallOptions options) {
        return ClientCalls.blockingServerStreamingCall(channel, PodServer.WATCH, options, "?");
    }

    /** Who answered how many of so many calls, one after another. */
    static Map<String, Integer> shares(ManagedChannel channel, int calls) {
        Map<String, Integer> shares = new TreeMap<>();
        for (int i = 0; i < calls; i++) {
            shares.merge(echo(channel), 1, Integer::sum);
        }
        return shares;
    }

    /** Calls until every one of these Pods has answered lately. */
    static void awaitAnswersOf(ManagedChannel channel, int pods) {
        await(() -> shares(channel, 4 * pods).size() == pods);
    }

    /** Bounded; between two looks the thread only yields, since what it waits for happens on threads of gRPC's own. */
    static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end > 0) {
                throw new AssertionError("not within 20 s");
            }
            Thread.onSpinWait();
            Thread.yield();
        }
    }

    @Override
    public void close() {
        channels.forEach(ManagedChannel::shutdownNow);
        for (ManagedChannel channel : channels) {
            try {
                channel.awaitTermination(5, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        servers.forEach(PodServer::close);
    }
}

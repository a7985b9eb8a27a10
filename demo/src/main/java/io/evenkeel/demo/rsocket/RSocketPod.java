package io.evenkeel.demo.rsocket;

import io.evenkeel.demo.rsocket.Behaviour.Answer;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelOption;
import io.rsocket.ConnectionSetupPayload;
import io.rsocket.Payload;
import io.rsocket.RSocket;
import io.rsocket.core.RSocketServer;
import io.rsocket.core.Resume;
import io.rsocket.exceptions.RejectedException;
import io.rsocket.exceptions.RejectedSetupException;
import io.rsocket.lease.Lease;
import io.rsocket.transport.netty.server.CloseableChannel;
import io.rsocket.transport.netty.server.TcpServerTransport;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;
import reactor.netty.resources.LoopResources;
import reactor.netty.tcp.TcpServer;

/**
 * A real RSocket server over TCP, and what a test may do to it. Every answer carries the Pod's name as its metadata.
 *
 * <ul>
 *   <li>request-response: the request's data.
 *   <li>request-stream: asked with the data {@code count@millis}, so many elements, so many milliseconds apart, their
 *       data being their numbers from 0. With 0 ms they come as fast as they are asked for.
 *   <li>request-channel: each element that arrives.
 *   <li>fire-and-forget, metadata-push: counted.
 * </ul>
 *
 * <p>Thread-safe, but start and stop it from one thread, not an event loop.
 */
public final class RSocketPod {
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final Duration FAST = Duration.ofMillis(1);

    private final String name;
    private final InetSocketAddress address;
    private final LoopResources loops;
    private final ServerOptions options;
    private final ServiceQueue queue;
    private final WireFault wire = new WireFault();
    private final Set<Channel> connections = ConcurrentHashMap.newKeySet();
    /** With the data of its SETUP frame, which the page's clients put their names in. */
    private final Map<RSocket, String> clients = new ConcurrentHashMap<>();

    private final PodCounts counts = new PodCounts();
    private final AtomicLong setups = new AtomicLong();
    private volatile Behaviour behaviour;
    private volatile EndpointCondition condition = EndpointCondition.READY;
    private @Nullable CloseableChannel server;

    RSocketPod(
            String name,
            InetSocketAddress address,
            Behaviour behaviour,
            ServerOptions options,
            LoopResources loops,
            ScheduledExecutorService timer,
            RandomGenerator random) {
        this.name = name;
        this.address = address;
        this.behaviour = behaviour;
        this.options = options;
        this.loops = loops;
        this.queue = new ServiceQueue(timer, random);
    }

    public String name() {
        return name;
    }

    public String host() {
        return address.getHostString();
    }

    public int port() {
        return address.getPort();
    }

    /** As the control plane reports it. */
    public Endpoint endpoint() {
        return Endpoint.of(name, host(), port()).withCondition(condition);
    }

    public EndpointCondition condition() {
        return condition;
    }

    void isReported(EndpointCondition newCondition) {
        condition = newCondition;
    }

    public Behaviour behaviour() {
        return behaviour;
    }

    /** Holds for requests and connections that arrive from now on. */
    public void behave(Behaviour newBehaviour) {
        behaviour = Objects.requireNonNull(newBehaviour, "behaviour");
    }

    /** While silent, nothing is read and nothing is sent, and no peer learns it: half-open connections. */
    public void silent(boolean silent) {
        wire.silent(silent);
    }

    /** What happened here since it was made, also before a restart. */
    public PodCounts counts() {
        return counts;
    }

    /** Established TCP connections. */
    public int connections() {
        return connections.size();
    }

    /** SETUP frames so far, refused ones included. */
    public long setups() {
        return setups.get();
    }

    /** The connected clients, to ask them something. */
    public List<RSocket> clients() {
        return List.copyOf(clients.keySet());
    }

    /** How many of the connected clients sent each text as the data of their SETUP frame. */
    public Map<String, Integer> clientsBySetup() {
        Map<String, Integer> counts = new TreeMap<>();
        clients.values().forEach(setup -> counts.merge(setup, 1, Integer::sum));
        return counts;
    }

    InetSocketAddress address() {
        return address;
    }

    public boolean isRunning() {
        return server != null;
    }

    /** Listens, on the same address every time. */
    public void start() {
        if (server != null) {
            throw new IllegalStateException(name + ": runs (expected: stopped)");
        }
        TcpServer tcp =
                TcpServer.create().host(host()).port(port()).runOn(loops).doOnConnection(this::connected);
        server = server().bind(TcpServerTransport.create(tcp)).block(PATIENCE);
    }

    private RSocketServer server() {
        RSocketServer made = RSocketServer.create(this::accept).fragment(options.mtu());
        ServerOptions.Leases leases = options.leases();
        if (leases != null) {
            made.lease(spec -> spec.sender(() -> leases(leases)));
        }
        if (options.resumes()) {
            made.resume(new Resume().sessionDuration(Duration.ofSeconds(30)));
        }
        return made;
    }

    private static Flux<Lease> leases(ServerOptions.Leases leases) {
        Flux<Long> moments = leases.period().isZero()
                ? Flux.just(0L).concatWith(Flux.never())
                : Flux.interval(Duration.ZERO, leases.period());
        return moments.onBackpressureLatest().map(moment -> Lease.create(leases.timeToLive(), leases.requests()));
    }

    private void connected(Connection connection) {
        Channel channel = connection.channel();
        channel.pipeline().addFirst("evenkeel-wire-fault", wire);
        connections.add(channel);
        channel.closeFuture().addListener(closed -> connections.remove(channel));
    }

    private Mono<RSocket> accept(ConnectionSetupPayload setup, RSocket client) {
        setups.incrementAndGet();
        if (behaviour.refusesSetup()) {
            return Mono.error(new RejectedSetupException(name + " refuses"));
        }
        clients.put(client, setup.getDataUtf8());
        client.onClose()
                .onErrorComplete()
                .doFinally(end -> clients.remove(client))
                .subscribe();
        return Mono.just(new Handler());
    }

    /**
     * Ends as a well-written server does on SIGTERM: takes no more connections, waits until it has no request left or
     * the grace is over, and closes. Blocks until it has.
     *
     * @return the requests that were still being served when the grace was over
     */
    public int stop(Duration grace) {
        stopListening();
        long deadline = System.nanoTime() + grace.toNanos();
        while (counts.inFlight() > 0 && System.nanoTime() - deadline < 0) {
            Mono.delay(Duration.ofMillis(5)).block();
        }
        int left = counts.inFlight();
        // behind the answers that are still on their way to the socket
        connections.forEach(
                channel -> channel.writeAndFlush(Unpooled.EMPTY_BUFFER).addListener(ChannelFutureListener.CLOSE));
        return left;
    }

    /** Ends as on SIGKILL of a process whose peers learn it by RST. */
    public void kill() {
        stopListening();
        cutConnections();
    }

    /** Breaks every connection by RST; the server runs on. */
    public void cutConnections() {
        for (Channel channel : connections) {
            channel.config().setOption(ChannelOption.SO_LINGER, 0);
            channel.close();
        }
    }

    private void stopListening() {
        CloseableChannel running = server;
        if (running != null) {
            server = null;
            running.dispose();
            running.onClose().block(PATIENCE);
        }
    }

    @Override
    public String toString() {
        return name + " at " + host() + ":" + port();
    }

    private final class Handler implements RSocket {
        @Override
        public Mono<Payload> requestResponse(Payload payload) {
            Behaviour now = behaviour;
            // its data are copied when the connection decodes by copying, as here, so that it may be released at once
            ByteBuffer data = payload.getData();
            payload.release();
            return counts.count(
                    now.answer() == Answer.ECHO ? queue.serve(now, () -> Payloads.answer(data, name)) : fail(now));
        }

        private Mono<Payload> fail(Behaviour now) {
            return switch (now.answer()) {
                case FAIL_FAST -> Mono.delay(FAST).then(Mono.error(() -> new IllegalStateException(name + " fails")));
                case REJECT -> Mono.error(() -> new RejectedException(name + " refuses"));
                default -> Mono.never();
            };
        }

        @Override
        public Mono<Void> fireAndForget(Payload payload) {
            payload.release();
            return counts.count(queue.serve(behaviour, () -> name).then());
        }

        @Override
        public Flux<Payload> requestStream(Payload payload) {
            Behaviour now = behaviour;
            String request = payload.getDataUtf8();
            payload.release();
            return counts.countStream(
                    now.answer() == Answer.ECHO ? numbers(request) : fail(now).flux());
        }

        private Flux<Payload> numbers(String request) {
            return StreamRequest.parse(request).numbers().map(number -> Payloads.answer(Long.toString(number), name));
        }

        @Override
        public Flux<Payload> requestChannel(Publisher<Payload> payloads) {
            return counts.countStream(Flux.from(payloads).map(payload -> {
                ByteBuffer data = payload.getData();
                payload.release();
                return Payloads.answer(data, name);
            }));
        }

        @Override
        public Mono<Void> metadataPush(Payload payload) {
            payload.release();
            counts.pushed();
            return Mono.empty();
        }
    }
}

package io.evenkeel.rsocket;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.evenkeel.adapter.BalancedPool;
import io.evenkeel.adapter.BalancedPoolBuilder;
import io.evenkeel.adapter.PoolConfig;
import io.evenkeel.balance.RebalancerConfig;
import io.evenkeel.endpoint.Target;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.spi.SeatPolicy;
import io.rsocket.Payload;
import io.rsocket.core.RSocketConnector;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Schedulers;

/** Collects the settings of an {@link EvenkeelRSocketClient}. Not thread-safe. */
public final class EvenkeelRSocketClientBuilder extends BalancedPoolBuilder<EvenkeelRSocketClientBuilder> {

    private static final int MOST_PER_POD = 64;

    private @Nullable String target;
    private RSocketConnector connector = RSocketConnector.create();
    private PodTransport transport = PodTransport.tcp();
    private int connectionsPerPod = 1;
    private int maxConnections = 32;
    private Duration acquireTimeout = Duration.ofSeconds(10);
    private int maxWaiting = 10_000;
    private Duration connectTimeout = Duration.ofSeconds(5);
    private Duration closeTimeout = Duration.ofSeconds(10);
    private LongStreamPolicy streams = LongStreamPolicy.stick();
    private final Map<String, LongStreamPolicy> streamsByRoute = new HashMap<>();
    private Function<Payload, @Nullable String> routes = Routes::inCompositeMetadata;
    private Executor signals = task -> Schedulers.parallel().schedule(task);

    EvenkeelRSocketClientBuilder() {}

    @Override
    protected EvenkeelRSocketClientBuilder self() {
        return this;
    }

    /**
     * Where the Pods are: {@code k8s:///orders.default:7000}, {@code dns:///orders-headless.default.svc:7000},
     * {@code static:///10.0.0.1:7000,10.0.0.2:7000} or {@code file:///etc/evenkeel/orders.json}. Must be set.
     */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder target(String value) {
        target = Objects.requireNonNull(value, "target");
        return this;
    }

    /**
     * What every connection is made by: its set-up payload, MIME types, interceptors, acceptor, lease, keepalive,
     * fragmentation, payload decoder and resumption stay in force. {@code build()} adds one interceptor to it. Its
     * {@code reconnect} should be left alone, since reconnecting is this client's own business. Defaults to
     * {@code RSocketConnector.create()}.
     */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder connector(RSocketConnector value) {
        connector = Objects.requireNonNull(value, "connector");
        return this;
    }

    /** How to reach a Pod. Defaults to plain TCP. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder transport(PodTransport value) {
        transport = Objects.requireNonNull(value, "transport");
        return this;
    }

    /** Connections to each Pod, 1 to 64. Defaults to 1: one connection carries any number of requests. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder connectionsPerPod(int value) {
        connectionsPerPod = value;
        return this;
    }

    /**
     * The most connections of this client, at least {@code connectionsPerPod}. Where the Pods would need more, each client
     * connects to some of them only, chosen so that all clients together reach all Pods evenly. Defaults to 32.
     */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder maxConnections(int value) {
        maxConnections = value;
        return this;
    }

    /**
     * How long a request waits for a connection when there is none, or for a lease where the servers grant them and none is left.
     * Defaults to 10 s; more than zero.
     */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder acquireTimeout(Duration value) {
        acquireTimeout = Objects.requireNonNull(value, "acquireTimeout");
        return this;
    }

    /** How many requests may wait at once when there is no connection; further ones fail. Defaults to 10,000; 0 or more. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder maxWaiting(int value) {
        maxWaiting = value;
        return this;
    }

    /** How long connecting to a Pod may take, handshakes included. Defaults to 5 s; more than zero. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder connectTimeout(Duration value) {
        connectTimeout = Objects.requireNonNull(value, "connectTimeout");
        return this;
    }

    /**
     * How long the requests in flight at a Pod that leaves have before its connection is disposed and they fail with
     * {@link DrainDeadlineException}. Defaults to 25 s: inside the 30 s that a Pod has by default before it is killed.
     */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder drainDeadline(Duration value) {
        balance().drainDeadline(value);
        return this;
    }

    /** After how long a connection is replaced, each within 25 % of this. Defaults to 30 min; zero for never. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder maxConnectionAge(Duration value) {
        balance().maxConnectionAge(value);
        return this;
    }

    /** What happens to streams that outlast their connection. Defaults to {@link LongStreamPolicy#stick()}. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder longStreams(LongStreamPolicy value) {
        streams = Objects.requireNonNull(value, "longStreams");
        return this;
    }

    /**
     * What happens to this route's request-streams that outlast their connection. Defaults to the policy of all streams. A
     * channel has that in any case, since its route is not known before its first payload.
     */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder longStreams(String route, LongStreamPolicy value) {
        streamsByRoute.put(Objects.requireNonNull(route, "route"), Objects.requireNonNull(value, "longStreams"));
        return this;
    }

    /**
     * How a request's route is found, null for none; must leave the payload as it is. Defaults to
     * {@link Routes#inCompositeMetadata}. Only asked where a policy names a route.
     */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder routes(Function<Payload, @Nullable String> value) {
        routes = Objects.requireNonNull(value, "routes");
        return this;
    }

    /** How long {@link EvenkeelRSocketClient#close()} waits for requests in flight. Defaults to 10 s; zero or more. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder closeTimeout(Duration value) {
        closeTimeout = Objects.requireNonNull(value, "closeTimeout");
        return this;
    }

    /** Runs what a request that waited is told. For tests. */
    @CanIgnoreReturnValue
    EvenkeelRSocketClientBuilder signals(Executor value) {
        signals = value;
        return this;
    }

    /**
     * Starts the client, which connects in the background.
     *
     * @throws InvalidTargetException if the target is missing, is not one, or no source understands it
     * @throws IllegalArgumentException if a setting is out of its bounds
     */
    public EvenkeelRSocketClient build() {
        Target where = InvalidTargetException.parse(target);
        String pool = Objects.requireNonNullElse(name(), where.path());
        check("acquireTimeout", acquireTimeout, true);
        check("connectTimeout", connectTimeout, true);
        check("closeTimeout", closeTimeout, false);
        if (connectionsPerPod < 1 || connectionsPerPod > MOST_PER_POD) {
            throw new IllegalArgumentException(
                    "connectionsPerPod: " + connectionsPerPod + " (expected: 1 to " + MOST_PER_POD + ")");
        }
        if (maxConnections < connectionsPerPod) {
            throw new IllegalArgumentException("maxConnections: " + maxConnections
                    + " (expected: at least connectionsPerPod, " + connectionsPerPod + ")");
        }
        if (maxWaiting < 0) {
            throw new IllegalArgumentException("maxWaiting: " + maxWaiting + " (expected: 0 or more)");
        }
        PoolConfig config = pool(pool, where)
                .size(SeatPolicy.perEndpoint(connectionsPerPod, maxConnections))
                .build();
        return start(BalancedPool.create(config), config);
    }

    private static void check(String name, Duration value, boolean positive) {
        if (value.isNegative() || (positive && value.isZero())) {
            throw new IllegalArgumentException(
                    name + ": " + value + " (expected: " + (positive ? "more than zero" : "zero or more") + ")");
        }
    }

    /** Wires the parts and lets them go. */
    private EvenkeelRSocketClient start(BalancedPool pool, PoolConfig config) {
        RebalancerConfig balance = config.balance();
        MetricsRecorder metrics = config.metrics();
        Unavailability unavailability = new Unavailability(pool, acquireTimeout);
        WaitQueue waiting = new WaitQueue(
                pool.name(),
                pool.ticker(),
                pool.control(),
                signals,
                acquireTimeout,
                maxWaiting,
                metrics,
                unavailability::explain);
        Router router = new Router(
                pool.name(),
                pool.ticker(),
                Pick.byChance(),
                balance.drainDeadline(),
                Failures::isFailure,
                waiting,
                new StreamPolicies(streams, streamsByRoute, routes),
                pool.control());
        Dialer dialer =
                new Dialer(pool.name(), connector, transport, new ServerRequests(), pool.control(), connectTimeout);
        RSocketConnections connections = new RSocketConnections(
                new RSocketPoolConfig(pool.name(), balance.drainDeadline(), balance.slowStart()),
                dialer,
                router,
                pool.signals(),
                metrics,
                pool.ticker(),
                pool.control(),
                new SplittableRandom(pool.seed()));
        EvenkeelRSocketClient client = new EvenkeelRSocketClient(pool, router, connections, closeTimeout);
        try {
            pool.start(connections);
        } catch (IllegalArgumentException e) {
            throw new InvalidTargetException(
                    "target: \"" + config.target() + "\" of pool " + pool.name() + ": " + e.getMessage(), e);
        }
        return client;
    }
}

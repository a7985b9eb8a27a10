package io.evenkeel.rsocket;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.evenkeel.adapter.BalancedPool;
import io.evenkeel.adapter.ClientId;
import io.evenkeel.adapter.PoolConfig;
import io.evenkeel.balance.PoolSize;
import io.evenkeel.balance.RebalancerConfig;
import io.evenkeel.endpoint.Target;
import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.health.HealthConfig;
import io.evenkeel.watch.WatcherConfig;
import io.rsocket.Payload;
import io.rsocket.core.RSocketConnector;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Schedulers;

/** Collects the settings of an {@link EvenkeelRSocketClient}. Not thread-safe. */
public final class EvenkeelRSocketClientBuilder {

    private static final int MOST_PER_POD = 64;

    private @Nullable String target;
    private @Nullable String name;
    private @Nullable String clientId;
    private RSocketConnector connector = RSocketConnector.create();
    private PodTransport transport = PodTransport.tcp();
    private int connectionsPerPod = 1;
    private int maxConnections = 32;
    private Duration acquireTimeout = Duration.ofSeconds(10);
    private int maxWaiting = 10_000;
    private Duration connectTimeout = Duration.ofSeconds(5);
    private Duration closeTimeout = Duration.ofSeconds(10);
    private EvenkeelListener listener = EvenkeelListener.none();
    private MetricsRecorder metrics = MetricsRecorder.none();
    private WatcherConfig watch = WatcherConfig.defaults();
    private HealthConfig health = HealthConfig.defaults();
    private LongStreamPolicy streams = LongStreamPolicy.stick();
    private final Map<String, LongStreamPolicy> streamsByRoute = new HashMap<>();
    private Function<Payload, @Nullable String> routes = Routes::inCompositeMetadata;
    private boolean jmx = true;
    private Executor signals = task -> Schedulers.parallel().schedule(task);
    private final RebalancerConfig.Builder balance = RebalancerConfig.builder();

    EvenkeelRSocketClientBuilder() {}

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

    /** The pool's name, in threads, messages and metrics. Defaults to the target's path. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder name(String value) {
        if (value.isBlank()) {
            throw new IllegalArgumentException("name: \"" + value + "\" (expected: not blank)");
        }
        name = value;
        return this;
    }

    /**
     * Tells this process from the others that use the same Pods; must differ between them. Defaults to the environment
     * variable {@code HOSTNAME} (in Kubernetes the Pod's name), else the host's name, else a random one.
     */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder clientId(String value) {
        clientId = Objects.requireNonNull(value, "clientId");
        return this;
    }

    /** The topology zone of this process. Defaults to unknown: no zone is preferred. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder zone(@Nullable String value) {
        balance.ownZone(value);
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

    /** How long a request waits for a connection when there is none. Defaults to 10 s; more than zero. */
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
        balance.drainDeadline(value);
        return this;
    }

    /** After how long a connection is replaced, each within 25 % of this. Defaults to 30 min; zero for never. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder maxConnectionAge(Duration value) {
        balance.maxConnectionAge(value);
        return this;
    }

    /** Over how long moves are spread. Defaults to 8 s; zero moves one after another without a pause. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder moveWindow(Duration value) {
        balance.moveWindow(value);
        return this;
    }

    /** Over how long a Pod that joined grows to its full share of the requests. Defaults to zero: at once. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder slowStart(Duration value) {
        balance.slowStart(value);
        return this;
    }

    /** Whatever else of the balance is to be set; see {@link RebalancerConfig.Builder}. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder balance(Consumer<RebalancerConfig.Builder> settings) {
        settings.accept(balance);
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

    /** When what the source says is believed. Defaults to {@link WatcherConfig}'s defaults. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder watch(WatcherConfig value) {
        watch = Objects.requireNonNull(value, "watch");
        return this;
    }

    /** When a Pod is ejected. Defaults to {@link HealthConfig}'s defaults. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder health(HealthConfig value) {
        health = Objects.requireNonNull(value, "health");
        return this;
    }

    /** Is told what happens, on the pool's control thread. Defaults to nobody. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder listener(EvenkeelListener value) {
        listener = Objects.requireNonNull(value, "listener");
        return this;
    }

    /** Counts what happens. Defaults to nothing. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder metrics(MetricsRecorder value) {
        metrics = Objects.requireNonNull(value, "metrics");
        return this;
    }

    /** How long {@link EvenkeelRSocketClient#close()} waits for requests in flight. Defaults to 10 s; zero or more. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder closeTimeout(Duration value) {
        closeTimeout = Objects.requireNonNull(value, "closeTimeout");
        return this;
    }

    /** Whether the status can be seen over JMX, as {@code io.evenkeel:type=Pool,name="…"}. Defaults to true. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder jmx(boolean value) {
        jmx = value;
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
        String pool = name != null ? name : where.path();
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
        RebalancerConfig rebalancer = balance.clientId(clientId != null ? clientId : ClientId.ofThisProcess())
                .build();
        PoolConfig config = PoolConfig.builder(pool, where, rebalancer)
                .size(PoolSize.perEndpoint(connectionsPerPod, maxConnections))
                .health(health)
                .watch(watch)
                .listener(listener)
                .metrics(metrics)
                .jmx(jmx)
                .build();
        return start(BalancedPool.create(config), rebalancer, where);
    }

    private static void check(String name, Duration value, boolean positive) {
        if (value.isNegative() || (positive && value.isZero())) {
            throw new IllegalArgumentException(
                    name + ": " + value + " (expected: " + (positive ? "more than zero" : "zero or more") + ")");
        }
    }

    /** Wires the parts and lets them go; also the seam for tests, which bring a pool on a clock of their own. */
    EvenkeelRSocketClient start(BalancedPool pool, RebalancerConfig rebalancer, Target where) {
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
                rebalancer.drainDeadline(),
                Failures::isFailure,
                waiting,
                new StreamPolicies(streams, streamsByRoute, routes),
                pool.control());
        Dialer dialer =
                new Dialer(pool.name(), connector, transport, new ServerRequests(), pool.control(), connectTimeout);
        RSocketConnections connections = new RSocketConnections(
                new RSocketPoolConfig(pool.name(), rebalancer.drainDeadline(), rebalancer.slowStart()),
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
                    "target: \"" + where + "\" of pool " + pool.name() + ": " + e.getMessage(), e);
        }
        return client;
    }
}

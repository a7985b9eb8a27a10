package io.evenkeel.rsocket;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.evenkeel.Experimental;
import io.evenkeel.adapter.BalancedPool;
import io.evenkeel.adapter.PoolConfig;
import io.evenkeel.adapter.PoolSettings;
import io.evenkeel.balance.RebalancerConfig;
import io.evenkeel.endpoint.InvalidTargetException;
import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.health.HealthConfig;
import io.evenkeel.pick.Rotation;
import io.evenkeel.spi.SeatPolicy;
import io.evenkeel.time.Durations;
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
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import reactor.core.scheduler.Schedulers;

/** Collects the settings of an {@link EvenkeelRSocketClient}. Not thread-safe. */
public final class EvenkeelRSocketClientBuilder {

    private static final int MOST_PER_POD = 64;
    private static final int DEFAULT_MAX_CONNECTIONS = 32;

    private final PoolSettings settings = PoolSettings.movingWhole();
    private RSocketConnector connector = RSocketConnector.create();
    private PodTransport transport = PodTransport.tcp();
    private PodInterceptor interceptor = (pod, connection) -> connection;
    private int connectionsPerPod = 1;
    private @Nullable Integer maxConnections;
    private Duration acquireTimeout = Duration.ofSeconds(10);
    private int maxWaiting = 10_000;
    private Duration connectTimeout = Duration.ofSeconds(5);
    private LongStreamPolicy streams = LongStreamPolicy.stick();
    private final Map<String, LongStreamPolicy> streamsByRoute = new HashMap<>();
    private Function<Payload, @Nullable String> routes = Routes::inCompositeMetadata;
    private Predicate<Throwable> failures = Failures::isFailure;
    private Executor signals = task -> Schedulers.boundedElastic().schedule(task);

    EvenkeelRSocketClientBuilder() {}

    /**
     * What every connection is made by: its set-up payload, MIME types, interceptors, acceptor, lease, keepalive,
     * fragmentation, payload decoder and resumption stay in force. {@code build()} adds interceptors of its own to it.
     * Its {@code reconnect} should be left alone, since reconnecting is this client's own business. Defaults to
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

    /**
     * Sees the requests of each connection and knows its Pod; outside of the connector's own interceptors. Defaults to
     * none.
     */
    @Experimental
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder interceptor(PodInterceptor value) {
        interceptor = Objects.requireNonNull(value, "interceptor");
        return this;
    }

    /** Connections to each Pod, 1 to 64. Defaults to 1: one connection carries any number of requests. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder connectionsPerPod(int value) {
        connectionsPerPod = inBounds("connectionsPerPod", value, 1, MOST_PER_POD);
        return this;
    }

    /**
     * The most connections of this client, at least {@code connectionsPerPod}. Where the Pods would need more, each
     * client connects to some of them only, chosen so that all clients together reach all Pods evenly. Defaults to 32,
     * or to {@code connectionsPerPod} where that is more.
     */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder maxConnections(int value) {
        maxConnections = inBounds("maxConnections", value, 1, Integer.MAX_VALUE);
        return this;
    }

    /**
     * How long a request waits for a connection when there is none, or for a lease where the servers grant them and
     * none is left. Defaults to 10 s; more than zero.
     */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder acquireTimeout(Duration value) {
        acquireTimeout = Durations.moreThanZero("acquireTimeout", value);
        return this;
    }

    /**
     * How many requests may wait at once when there is no connection; further ones fail. Defaults to 10,000; 0 or more.
     */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder maxWaiting(int value) {
        maxWaiting = inBounds("maxWaiting", value, 0, Integer.MAX_VALUE);
        return this;
    }

    /** How long connecting to a Pod may take, handshakes included. Defaults to 5 s; more than zero. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder connectTimeout(Duration value) {
        connectTimeout = Durations.moreThanZero("connectTimeout", value);
        return this;
    }

    /** What happens to streams that outlast their connection. Defaults to {@link LongStreamPolicy#stick()}. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder longStreams(LongStreamPolicy value) {
        streams = Objects.requireNonNull(value, "longStreams");
        return this;
    }

    /**
     * What happens to this route's request-streams that outlast their connection. Defaults to the policy of all
     * streams. A channel has that in any case, since its route is not known before its first payload.
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

    /**
     * Where the Pods are: {@code k8s:///orders.default:7000}, {@code dns:///orders-headless.default.svc:7000},
     * {@code static:///10.0.0.1:7000,10.0.0.2:7000} or {@code file:///etc/evenkeel/orders.json}. Must be set: a
     * connector has no address to derive it from.
     *
     * @throws InvalidTargetException if it is not a target
     */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder target(String value) {
        settings.target(value);
        return this;
    }

    /**
     * The pool's name in threads, messages, metrics and JMX, and a part of the plan: two pools of one process that use
     * the same Pods spread better with two names. Not blank. Defaults to the Service's name in the target.
     */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder name(String value) {
        settings.name(value);
        return this;
    }

    /**
     * Distinguishes this process from the others that use the same Pods; must differ between them. Not blank. Defaults
     * to the environment variable {@code HOSTNAME} (in Kubernetes the Pod's name), else the host's name, else a random
     * one.
     */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder clientId(String value) {
        settings.clientId(value);
        return this;
    }

    /**
     * The topology zone of this process. Defaults to the environment's ({@code EVENKEEL_ZONE}), else to that of any Pod
     * on our node, else to unknown: then no zone is preferred.
     */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder zone(@Nullable String value) {
        settings.zone(value);
        return this;
    }

    /**
     * The node of this process, by which its zone is found. Defaults to the environment's ({@code EVENKEEL_NODE}, else
     * {@code NODE_NAME}), else to unknown.
     */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder node(@Nullable String value) {
        settings.node(value);
        return this;
    }

    /**
     * Over how long the moves of one plan are spread. Defaults to 8 s; zero moves one after another without a pause.
     */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder moveWindow(Duration value) {
        settings.moveWindow(value);
        return this;
    }

    /** How long a move may take before it is tried later. Defaults to 30 s; more than zero. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder moveDeadline(Duration value) {
        settings.moveDeadline(value);
        return this;
    }

    /**
     * How long the requests in flight at a Pod that leaves have before its connection is disposed and they fail with
     * {@link DrainDeadlineException}. Defaults to 25 s: inside the 30 s that a Pod has by default before it is killed.
     */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder drainDeadline(Duration value) {
        settings.drainDeadline(value);
        return this;
    }

    /**
     * Over how long the connections to a leaving Pod are retired that no other Pod takes over, at most; the others move
     * at once. Defaults to 5 s, to the drain deadline where that is shorter; zero for at once.
     */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder drainSpread(Duration value) {
        settings.drainSpread(value);
        return this;
    }

    /**
     * After how long a connection is replaced, each at its own moment within 25 % of this. Defaults to 30 min; zero for
     * never.
     */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder maxConnectionAge(Duration value) {
        settings.maxConnectionAge(value);
        return this;
    }

    /**
     * Over how long a Pod that joined grows to its full share of the connections and the requests. Defaults to zero.
     */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder slowStart(Duration value) {
        settings.slowStart(value);
        return this;
    }

    /** Always 1: the new connection of a move is open before the old one is left. 0 is refused. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder surge(int value) {
        settings.surge(value);
        return this;
    }

    /**
     * The remaining settings of the balance; see {@link RebalancerConfig.Builder}. If it throws, no setting has
     * changed.
     */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder balance(Consumer<RebalancerConfig.Builder> value) {
        settings.balance(value);
        return this;
    }

    /** How changes of the source settle. Defaults to {@link WatcherConfig}'s defaults. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder watch(WatcherConfig value) {
        settings.watch(value);
        return this;
    }

    /** When a Pod is ejected. Defaults to {@link HealthConfig}'s defaults. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder health(HealthConfig value) {
        settings.health(value);
        return this;
    }

    /** Receives the pool's events. Defaults to none. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder listener(EvenkeelListener value) {
        settings.listener(value);
        return this;
    }

    /** Records what all adapters measure. Defaults to none. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder metrics(MetricsRecorder value) {
        settings.metrics(value);
        return this;
    }

    /** Whether the status is shown over JMX, as {@code io.evenkeel:type=Pool,name="…"}. Defaults to true. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder jmx(boolean value) {
        settings.jmx(value);
        return this;
    }

    /**
     * Which errors of requests tell against the Pod they came from, so that it gets fewer requests than Pods with fewer
     * such errors. Called on the connection's event loop; must not block. Defaults to all but those that another Pod
     * would have answered with, too: {@code INVALID}, the application's own error codes, a missing lease, a cancelled
     * request, a payload that can't be sent. What a channel's own input failed with never counts.
     */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder countsAsFailure(Predicate<Throwable> value) {
        failures = Objects.requireNonNull(value, "countsAsFailure");
        return this;
    }

    /** How long {@link EvenkeelRSocketClient#close()} waits for requests in flight. Defaults to 10 s; zero or more. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder closeTimeout(Duration value) {
        settings.closeTimeout(value);
        return this;
    }

    /** Changes several of the settings that all adapters have, such as those that are bound from a file. */
    @CanIgnoreReturnValue
    public EvenkeelRSocketClientBuilder settings(Consumer<PoolSettings> changes) {
        changes.accept(settings);
        return this;
    }

    /** Runs the application's code where no event loop of its own connection does. For tests. */
    @CanIgnoreReturnValue
    EvenkeelRSocketClientBuilder signals(Executor value) {
        signals = value;
        return this;
    }

    /**
     * Starts the client, which connects in the background.
     *
     * @throws InvalidTargetException if the target is missing, is not one, or no source understands it
     * @throws IllegalArgumentException if two settings contradict each other
     */
    public EvenkeelRSocketClient build() {
        int most = maxConnections != null ? maxConnections : Math.max(DEFAULT_MAX_CONNECTIONS, connectionsPerPod);
        if (most < connectionsPerPod) {
            throw new IllegalArgumentException(
                    "maxConnections: " + most + " (expected: at least connectionsPerPod, " + connectionsPerPod + ")");
        }
        PoolConfig config = settings.copy().toConfig(SeatPolicy.perEndpoint(connectionsPerPod, most));
        return start(BalancedPool.create(config), config);
    }

    private static int inBounds(String name, int value, int least, int most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(name + ": " + value + " (expected: "
                    + (most == Integer.MAX_VALUE ? least + " or more" : least + " to " + most) + ")");
        }
        return value;
    }

    /** Wires the parts and lets them go. */
    private EvenkeelRSocketClient start(BalancedPool pool, PoolConfig config) {
        RebalancerConfig balance = config.balance();
        MetricsRecorder metrics = pool.metrics();
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
                new Pick(new Rotation(pool.seed())),
                balance.drainDeadline(),
                new Failures(pool.name(), failures),
                waiting,
                new StreamPolicies(streams, streamsByRoute, routes),
                pool.control(),
                signals);
        Dialer dialer = new Dialer(
                pool.name(),
                connector,
                transport,
                interceptor,
                new ServerRequests(),
                pool.control(),
                connectTimeout,
                router.foreign());
        RSocketConnections connections = new RSocketConnections(
                new RSocketPoolConfig(pool.name(), balance.drainDeadline(), balance.slowStart()),
                dialer,
                router,
                pool.signals(),
                pool.ticker(),
                pool.control(),
                new SplittableRandom(pool.seed()));
        EvenkeelRSocketClient client = new EvenkeelRSocketClient(pool, router, connections, config.closeTimeout());
        pool.start(connections);
        return client;
    }
}

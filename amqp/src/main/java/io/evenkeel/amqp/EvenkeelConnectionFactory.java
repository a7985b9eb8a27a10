package io.evenkeel.amqp;

import com.rabbitmq.client.Address;
import com.rabbitmq.client.AddressResolver;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import io.evenkeel.adapter.DerivedTarget;
import io.evenkeel.adapter.PoolConfig;
import io.evenkeel.adapter.PoolSettings;
import io.evenkeel.balance.RebalancerConfig;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.endpoint.Target;
import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.health.HealthConfig;
import io.evenkeel.spi.SeatPolicy;
import io.evenkeel.time.Durations;
import io.evenkeel.watch.WatcherConfig;
import java.io.IOException;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A {@link ConnectionFactory} whose connections spread over the brokers behind a Service and follow them, without the
 * application seeing it.
 *
 * <pre>{@code
 * EvenkeelConnectionFactory factory = new EvenkeelConnectionFactory();
 * factory.setTarget("k8s:///rabbitmq.default:5672");   // else: the configured host and port
 * factory.setUsername("app");
 * factory.setPassword(password);
 * Connection connection = factory.newConnection();     // an ordinary connection, to one of the brokers
 * }</pre>
 *
 * <p>Not thread-safe while it is being configured; {@code newConnection} is.
 */
public final class EvenkeelConnectionFactory extends ConnectionFactory {

    private static final Logger LOG = LoggerFactory.getLogger(EvenkeelConnectionFactory.class);
    private static final Duration DEFAULT_MOVE_DEADLINE = Duration.ofSeconds(5);

    private PoolSettings settings = PoolSettings.movingWhole().moveDeadline(DEFAULT_MOVE_DEADLINE);
    private @Nullable String serverName;
    private ConsumerHandover handover = ConsumerHandover.STRICT;
    private Duration ackHold = Duration.ZERO;
    private Duration publisherPause = Duration.ofMillis(500);
    private AmqpMetrics amqpMetrics = AmqpMetrics.none();
    /** The derived target that was logged; the next connections have the same. */
    private volatile @Nullable Target announced;
    /** A copy that dials one broker, as a plain factory. */
    private boolean raw;

    private final Placements placements = Placements.shared();
    private volatile Placements.@Nullable Running running;

    /**
     * A factory with every setting of another one, such as one that a framework has configured. What is derived from a
     * host and port is derived from its; a subclass's own behaviour is not taken over.
     *
     * @throws IllegalStateException if the client's settings can't be read, on a module path that keeps them closed
     */
    public static EvenkeelConnectionFactory copyOf(ConnectionFactory factory) {
        if (factory instanceof EvenkeelConnectionFactory ours) {
            return ours.clone();
        }
        EvenkeelConnectionFactory copy = new EvenkeelConnectionFactory();
        FactorySettings.copy(factory, copy);
        return copy;
    }

    /**
     * Where the brokers are: {@code k8s:///rabbitmq.default:5672}, {@code dns:///rabbitmq-headless.default.svc:5672},
     * {@code static:///10.0.0.1:5672,10.0.0.2:5672} or {@code file:///etc/evenkeel/rabbitmq.json}. Defaults to the
     * addresses handed to {@code newConnection}, else to the configured host and port.
     *
     * @throws io.evenkeel.endpoint.InvalidTargetException if it is not a target
     */
    public void setTarget(String value) {
        settings.target(value);
    }

    /**
     * The pool's name in threads, messages, metrics and JMX, and a part of the plan: two pools of one process that use
     * the same brokers spread better with two names. Not blank. Defaults to the
     * Service's name in the target.
     */
    public void setName(String value) {
        settings.name(value);
    }

    /**
     * Distinguishes this process from the others that use the same brokers; must differ between them. Not blank.
     * Defaults to the environment variable {@code HOSTNAME} (in Kubernetes the Pod's name), else the host's name, else
     * a random one.
     */
    public void setClientId(String value) {
        settings.clientId(value);
    }

    /**
     * The topology zone of this process. Defaults to the environment's ({@code EVENKEEL_ZONE}), else to that of any
     * broker on our node, else to unknown: then no zone is preferred.
     */
    public void setZone(@Nullable String value) {
        settings.zone(value);
    }

    /**
     * The node of this process, by which its zone is found. Defaults to the environment's ({@code EVENKEEL_NODE}, else
     * {@code NODE_NAME}), else to unknown.
     */
    public void setNode(@Nullable String value) {
        settings.node(value);
    }

    /**
     * Over how long the moves of one plan are spread. Defaults to 8 s; zero moves one after another without a pause.
     */
    public void setMoveWindow(Duration value) {
        settings.moveWindow(value);
    }

    /**
     * How long a move that is not forced (rebalance, age) may keep consumers stopped before everything goes back to
     * where it was, to be tried later. Defaults to 5 s; more than zero.
     */
    public void setMoveDeadline(Duration value) {
        settings.moveDeadline(value);
    }

    /**
     * How long a broker that leaves has: moves away from it wait that long for messages to be settled and confirmed,
     * and then continue without. Defaults to 25 s, inside the 30 s of grace that a Pod has by default.
     */
    public void setDrainDeadline(Duration value) {
        settings.drainDeadline(value);
    }

    /**
     * Over how long, at most, a joining broker may take the place of one that leaves. Defaults to 5 s, to the drain
     * deadline where that is shorter. Connections leave a broker at once in any case.
     */
    public void setDrainSpread(Duration value) {
        settings.drainSpread(value);
    }

    /**
     * After how long a connection moves, each at its own moment within 25 % of this. Defaults to 30 min; zero for
     * never. The only tool where brokers can't be seen, such as behind a load balancer.
     */
    public void setMaxConnectionAge(Duration value) {
        settings.maxConnectionAge(value);
    }

    /** Over how long a broker that joined grows to its full share. Defaults to zero: the move window paces already. */
    public void setSlowStart(Duration value) {
        settings.slowStart(value);
    }

    /** Always 1: the new connection of a move is open before the old one is left. 0 is refused. */
    public void setSurge(int value) {
        settings.surge(value);
    }

    /**
     * The remaining settings of the balance; see {@link RebalancerConfig.Builder}. If it throws, no setting has
     * changed.
     */
    public void setBalance(Consumer<RebalancerConfig.Builder> value) {
        settings.balance(value);
    }

    /** How changes of the source settle. Defaults to {@link WatcherConfig}'s defaults. */
    public void setWatch(WatcherConfig value) {
        settings.watch(value);
    }

    /** When a broker is ejected. Defaults to {@link HealthConfig}'s defaults. */
    public void setHealth(HealthConfig value) {
        settings.health(value);
    }

    /** Receives the pool's events. Defaults to none. */
    public void setListener(EvenkeelListener value) {
        settings.listener(value);
    }

    /** Records what all adapters measure. Defaults to none. */
    public void setMetrics(MetricsRecorder value) {
        settings.metrics(value);
    }

    /** Whether the status is shown over JMX, as {@code io.evenkeel:type=Pool,name="…"}. Defaults to true. */
    public void setJmx(boolean value) {
        settings.jmx(value);
    }

    /**
     * How long {@code Connection.close()} without a time-out of its own waits for the broker's answer, before it closes
     * the socket. Defaults to 10 s; zero or more.
     */
    public void setCloseTimeout(Duration value) {
        settings.closeTimeout(value);
    }

    /**
     * Changes several of the settings that all adapters have, such as those that are bound from a file.
     */
    public void settings(Consumer<PoolSettings> changes) {
        changes.accept(settings);
    }

    /**
     * The name that TLS asks for (SNI) and verifies, while the socket goes to a broker's own address. Defaults to the
     * configured host if that is a name, else to the name in the target.
     */
    public void setServerName(String value) {
        serverName = Objects.requireNonNull(value, "serverName");
    }

    /** What a move does about messages that were delivered and are not settled. Defaults to {@code STRICT}. */
    public void setConsumerHandover(ConsumerHandover value) {
        handover = Objects.requireNonNull(value, "consumerHandover");
    }

    /**
     * How long acknowledgements are held back, at most, before a consumer of a quorum queue is cancelled, so that the
     * queue has nothing on the way to it that it would have to redeliver. Needs a prefetch count. Defaults to zero,
     * which is off; 100 ms is a good value.
     */
    public void setAckHold(Duration value) {
        ackHold = Durations.zeroOrMore("ackHold", value);
    }

    /**
     * How long one channel's publishers may be kept waiting at once for what they published before to be confirmed. A
     * first attempt lasts 25 ms at most, further ones as long as this; they publish in between. If that takes longer
     * than a move may, one that is not forced is taken back; a forced one goes on without after the first long attempt.
     * Defaults to 500 ms.
     */
    public void setPublisherPause(Duration value) {
        publisherPause = Durations.moreThanZero("publisherPause", value);
    }

    /** Counts what moves do to publishers and consumers. Defaults to nothing. */
    public void setAmqpMetrics(AmqpMetrics value) {
        amqpMetrics = Objects.requireNonNull(value, "amqpMetrics");
    }

    /**
     * A connection to the broker that the plan has for it.
     *
     * @param addressResolver the brokers if no target is set; every other form of {@code newConnection} comes to this
     *     one
     * @throws IOException as the plain factory does; three brokers are tried before it is thrown for one that can't
     *     be reached. It is the client's own exception; what is wrong with the pool and what to change is attached as a
     *     suppressed one
     * @throws TimeoutException if the handshake takes too long, as above, or if no broker is known in time, which is
     *     {@link io.evenkeel.status.Diagnosed}
     */
    @Override
    public Connection newConnection(
            @Nullable ExecutorService executor, AddressResolver addressResolver, @Nullable String clientProvidedName)
            throws IOException, TimeoutException {
        if (raw) {
            return super.newConnection(executor, addressResolver, clientProvidedName);
        }
        List<Address> addresses = settings.target() == null ? addressResolver.getAddresses() : List.of();
        PoolConfig config = config(addresses);
        Dialer dialer = dialer(
                executor,
                clientProvidedName,
                verifiedName(config.target()),
                config.balance().moveDeadline(),
                config.closeTimeout());
        // Nothing may fail from here to connect, which gives the pool back when it does.
        Placements.Running pool = placements.acquire(new Placements.Settings(config, amqpMetrics));
        running = pool;
        return pool.placement().connect(dialer, patience());
    }

    /** Another factory with the same settings, for the same pool unless they are changed. */
    @Override
    public EvenkeelConnectionFactory clone() {
        EvenkeelConnectionFactory copy = (EvenkeelConnectionFactory) super.clone();
        copy.settings = settings.copy();
        return copy;
    }

    /** A copy that doesn't change any more when this one is configured further. */
    private EvenkeelConnectionFactory template() {
        EvenkeelConnectionFactory copy = clone();
        copy.raw = true;
        return copy;
    }

    /** Dials with the settings of now. */
    Dialer dialer(
            @Nullable ExecutorService executor,
            @Nullable String name,
            @Nullable String verifiedName,
            Duration moveDeadline,
            Duration closeTimeout) {
        return new FactoryDialer(
                template(),
                executor,
                name,
                verifiedName,
                new FactoryDialer.Settings(handover, ackHold, publisherPause, moveDeadline, closeTimeout));
    }

    private Duration patience() {
        long connect = getConnectionTimeout() > 0 ? getConnectionTimeout() : DEFAULT_CONNECTION_TIMEOUT;
        return Duration.ofMillis(connect + getHandshakeTimeout());
    }

    /** @param addresses the brokers where no target is set */
    PoolConfig config(List<Address> addresses) {
        return settings.copy().orTarget(() -> target(addresses)).toConfig(SeatPolicy.held(0));
    }

    private Target target(List<Address> addresses) {
        // An address may be named twice.
        Set<String> seeds = new LinkedHashSet<>();
        for (Address address : addresses) {
            seeds.add(EndpointKey.address(address.getHost(), portOrDefault(address.getPort(), isSSL())));
        }
        if (seeds.size() != 1) {
            return Target.parse("static:///" + String.join(",", seeds));
        }
        Address only = addresses.get(0);
        return derived(only.getHost(), portOrDefault(only.getPort(), isSSL()));
    }

    private Target derived(String host, int port) {
        DerivedTarget derived = DerivedTarget.of(host, port, DerivedTarget.Surroundings.ofThisProcess());
        if (derived.target().equals(announced)) {
            LOG.debug("Target {}, since {}", derived.target(), derived.why());
        } else {
            announced = derived.target();
            LOG.info("Target {}, since {}", derived.target(), derived.why());
        }
        return derived.target();
    }

    /** What TLS verifies: never a broker's own address, which no certificate names; null leaves it to the endpoint. */
    private @Nullable String verifiedName(Target brokers) {
        if (serverName != null) {
            return serverName;
        }
        if (!getHost().equals(DEFAULT_HOST)) {
            return getHost();
        }
        String scheme = brokers.scheme();
        if (scheme.equals("dns") || scheme.equals("k8s")) {
            String path = brokers.path();
            int port = path.lastIndexOf(':');
            return port < 0 ? path : path.substring(0, port);
        }
        return null;
    }

    /**
     * What the pool that this factory opened its last connection in looks like now.
     *
     * @throws IllegalStateException if it has opened none
     */
    public AmqpStatus status() {
        Placements.Running known = running;
        if (known == null) {
            throw new IllegalStateException("status: no connection was opened (expected: newConnection before)");
        }
        return known.status();
    }

    ConsumerHandover handover() {
        return handover;
    }
}

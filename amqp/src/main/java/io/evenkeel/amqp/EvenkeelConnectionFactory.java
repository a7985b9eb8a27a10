package io.evenkeel.amqp;

import com.rabbitmq.client.Address;
import com.rabbitmq.client.AddressResolver;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import io.evenkeel.adapter.ClientId;
import io.evenkeel.adapter.DerivedTarget;
import io.evenkeel.balance.RebalancerConfig;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.endpoint.Target;
import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.health.HealthConfig;
import io.evenkeel.watch.WatcherConfig;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
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

    private RebalancerConfig.Builder balance = RebalancerConfig.builder().moveDeadline(DEFAULT_MOVE_DEADLINE);
    private @Nullable String target;
    private @Nullable String poolName;
    private @Nullable String clientId;
    private @Nullable String serverName;
    private ConsumerHandover handover = ConsumerHandover.STRICT;
    private Duration ackHold = Duration.ZERO;
    private Duration publisherPause = Duration.ofMillis(500);
    private HealthConfig health = HealthConfig.builder().build();
    private WatcherConfig watch = WatcherConfig.defaults();
    private EvenkeelListener listener = EvenkeelListener.none();
    private MetricsRecorder metrics = MetricsRecorder.none();
    private AmqpMetrics amqpMetrics = AmqpMetrics.none();
    private boolean jmx = true;
    /** A copy that dials one broker, as a plain factory. */
    private boolean raw;

    private final Placements placements = Placements.shared();
    private volatile Placements.@Nullable Running running;

    /**
     * Where the brokers are: {@code k8s:///rabbitmq.default:5672}, {@code dns:///rabbitmq-headless.default.svc:5672},
     * {@code static:///10.0.0.1:5672,10.0.0.2:5672} or {@code file:///etc/evenkeel/rabbitmq.json}. Defaults to the addresses
     * handed to {@code newConnection}, else to the configured host and port.
     */
    public void setTarget(String value) {
        target = Objects.requireNonNull(value, "target");
    }

    /** The pool's name, in threads, messages, metrics and JMX. Defaults to the target's path. */
    public void setPoolName(String value) {
        poolName = Objects.requireNonNull(value, "poolName");
    }

    /**
     * Tells this process from the others that use the same brokers; must differ between them. Defaults to the environment
     * variable {@code HOSTNAME} (in Kubernetes the Pod's name), else the host's name, else a random one.
     */
    public void setClientId(String value) {
        clientId = Objects.requireNonNull(value, "clientId");
    }

    /**
     * The name that TLS asks for (SNI) and verifies, while the socket goes to a broker's own address. Defaults to the
     * configured host if that is a name, else to the name in the target.
     */
    public void setServerName(String value) {
        serverName = Objects.requireNonNull(value, "serverName");
    }

    /** Over how long the moves of one plan are spread. Defaults to 8 s; zero moves one after another without a pause. */
    public void setMoveWindow(Duration value) {
        balance.moveWindow(value);
    }

    /**
     * How long a move that nobody is forced to make (rebalance, age) may keep consumers stopped before everything goes back
     * to where it was, to be tried later. Defaults to 5 s.
     */
    public void setMoveDeadline(Duration value) {
        balance.moveDeadline(value);
    }

    /**
     * How long a broker that leaves is given: moves away from it wait so long for messages to be settled and confirmed, and
     * then go on without. Defaults to 25 s, inside the 30 s of grace that a Pod has by default.
     */
    public void setDrainDeadline(Duration value) {
        balance.drainDeadline(value);
    }

    /**
     * After how long a connection moves, each at its own moment within 25 % of this. Defaults to 30 min; zero for never. The
     * only tool where brokers can't be seen, such as behind a load balancer.
     */
    public void setMaxConnectionAge(Duration value) {
        balance.maxConnectionAge(value);
    }

    /** What a move does about messages that were delivered and are not settled. Defaults to {@code STRICT}. */
    public void setConsumerHandover(ConsumerHandover value) {
        handover = Objects.requireNonNull(value, "consumerHandover");
    }

    /**
     * How long acknowledgements are held back, at most, before a consumer of a quorum queue is cancelled, so that the queue
     * has nothing on the way to it that it would have to redeliver. Needs a prefetch count. Defaults to zero, which is off;
     * 100 ms is a good value.
     */
    public void setAckHold(Duration value) {
        if (value.isNegative()) {
            throw new IllegalArgumentException("ackHold: " + value + " (expected: zero or more)");
        }
        ackHold = value;
    }

    /**
     * How long one channel's publishers may be kept waiting at once for what they published before to be confirmed. A
     * first attempt lasts 25 ms at most, further ones as long as this; they publish in between. If that takes longer than a
     * move may, one that nobody is forced to make is given up; a forced one goes on without after the first long attempt.
     * Defaults to 500 ms.
     */
    public void setPublisherPause(Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException("publisherPause: " + value + " (expected: more than zero)");
        }
        publisherPause = value;
    }

    /** Whatever else of the balance is to be set; see {@link RebalancerConfig.Builder}. */
    public void setBalance(Consumer<RebalancerConfig.Builder> settings) {
        settings.accept(balance);
    }

    /** When a broker is left out. Defaults to {@link HealthConfig}'s defaults. */
    public void setHealth(HealthConfig value) {
        health = Objects.requireNonNull(value, "health");
    }

    /** When what the source says is believed. Defaults to {@link WatcherConfig}'s defaults. */
    public void setWatch(WatcherConfig value) {
        watch = Objects.requireNonNull(value, "watch");
    }

    /** Is told what happens, on the pool's control thread. Defaults to nobody. */
    public void setListener(EvenkeelListener value) {
        listener = Objects.requireNonNull(value, "listener");
    }

    /** Counts what all adapters count. Defaults to nothing. */
    public void setMetrics(MetricsRecorder value) {
        metrics = Objects.requireNonNull(value, "metrics");
    }

    /** Counts what moves do to publishers and consumers. Defaults to nothing. */
    public void setAmqpMetrics(AmqpMetrics value) {
        amqpMetrics = Objects.requireNonNull(value, "amqpMetrics");
    }

    /** Whether the status is shown over JMX, as {@code io.evenkeel:type=Pool,name="…"}. Defaults to true. */
    public void setJmx(boolean value) {
        jmx = value;
    }

    /**
     * A connection to the broker that the plan has for it.
     *
     * @param addressResolver the brokers if no target is set; every other form of {@code newConnection} comes to this one
     * @throws IOException as the plain factory does; it is tried at three brokers before one that can't be reached is told
     * @throws TimeoutException if no broker is known in time, or the handshake takes too long
     */
    @Override
    public Connection newConnection(
            @Nullable ExecutorService executor, AddressResolver addressResolver, @Nullable String clientProvidedName)
            throws IOException, TimeoutException {
        if (raw) {
            return super.newConnection(executor, addressResolver, clientProvidedName);
        }
        Target brokers = target(addressResolver);
        FactoryDialer dialer = new FactoryDialer(
                template(),
                executor,
                clientProvidedName,
                verifiedName(brokers),
                balance().moveDeadline());
        // Nothing may fail from here to connect, which gives the pool back when it does.
        Placements.Running pool = placements.acquire(settings(brokers));
        running = pool;
        return pool.placement().connect(dialer, patience());
    }

    /** Another factory with the same settings, for the same pool unless they are changed. */
    @Override
    public EvenkeelConnectionFactory clone() {
        EvenkeelConnectionFactory copy = (EvenkeelConnectionFactory) super.clone();
        copy.balance = balance.copy();
        return copy;
    }

    /** A copy that doesn't change any more when this one is configured further. */
    EvenkeelConnectionFactory template() {
        EvenkeelConnectionFactory copy = clone();
        copy.raw = true;
        return copy;
    }

    private Duration patience() {
        long connect = getConnectionTimeout() > 0 ? getConnectionTimeout() : DEFAULT_CONNECTION_TIMEOUT;
        return Duration.ofMillis(connect + getHandshakeTimeout());
    }

    private Target target(AddressResolver resolver) throws IOException {
        if (target != null) {
            return Target.parse(target);
        }
        List<Address> addresses = resolver.getAddresses();
        if (addresses.size() != 1) {
            List<String> seeds = new ArrayList<>();
            for (Address address : addresses) {
                seeds.add(EndpointKey.address(address.getHost(), portOrDefault(address.getPort(), isSSL())));
            }
            return Target.parse("static:///" + String.join(",", seeds));
        }
        Address only = addresses.get(0);
        return derived(only.getHost(), portOrDefault(only.getPort(), isSSL()));
    }

    private static Target derived(String host, int port) {
        DerivedTarget derived = DerivedTarget.of(host, port, DerivedTarget.Surroundings.ofThisProcess());
        LOG.debug("Target {}, since {}", derived.target(), derived.why());
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

    RebalancerConfig balance() {
        String id = clientId;
        if (id == null) {
            id = ClientId.ofThisProcess();
            clientId = id;
        }
        return balance.clientId(id).build();
    }

    private Placements.Settings settings(Target brokers) {
        RebalancerConfig config = balance();
        String name = poolName != null ? poolName : brokers.path();
        return new Placements.Settings(
                new Placements.Key(brokers, config.clientId(), name),
                config,
                health,
                watch,
                listener,
                metrics,
                amqpMetrics,
                jmx);
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

    Duration ackHold() {
        return ackHold;
    }

    Duration publisherPause() {
        return publisherPause;
    }
}

package io.evenkeel.grpc;

import io.evenkeel.adapter.BalancedPool;
import io.evenkeel.adapter.PoolConfig;
import io.evenkeel.adapter.PoolSettings;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.endpoint.InvalidTargetException;
import io.evenkeel.endpoint.Target;
import io.evenkeel.pick.Rotation;
import io.evenkeel.source.EndpointSources;
import io.evenkeel.source.SourceContext;
import io.evenkeel.spi.Guard;
import io.evenkeel.spi.SeatPolicy;
import io.evenkeel.status.Diagnosis;
import io.evenkeel.time.Scheduler;
import io.evenkeel.time.Seeds;
import io.evenkeel.time.Ticker;
import io.evenkeel.watch.EndpointWatchers;
import io.evenkeel.watch.WatcherConfig;
import io.grpc.ConnectivityState;
import io.grpc.EquivalentAddressGroup;
import io.grpc.LoadBalancer;
import io.grpc.Status;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The policy {@code evenkeel} of one channel: core's pool, on the channel's own thread of control, over subchannels.
 *
 * <p>What the resolver reports is the pool's source. The planner chooses which Pods this client uses and with how many
 * connections, the rebalancer moves them one by one, health leaves out what can't be reached; {@link Rotation} picks a
 * connection for each call. A channel that falls idle ends its policy and makes another later: the client's id is
 * stable, so it comes back to the same Pods.
 *
 * <p>Confined to the synchronization context, as gRPC calls it, except where a comment says otherwise.
 */
final class EvenkeelLoadBalancer extends LoadBalancer implements PodConnection.Listener {

    private static final Logger LOG = LoggerFactory.getLogger(EvenkeelLoadBalancer.class);
    /** The resolver's watcher has settled changes already, and believes no sudden emptiness. */
    private static final WatcherConfig SETTLED_ALREADY = WatcherConfig.builder()
            .settle(Duration.ZERO)
            .settleMax(Duration.ZERO)
            .emptyGrace(Duration.ZERO)
            .build();

    private final Helper helper;
    private final Ticker ticker;
    private final long seed;
    private final Function<String, @Nullable String> environment;
    private final Function<String, EventThread> events;
    private final Rotation rotation;
    private final ResolvedPods resolved = new ResolvedPods();
    /** Whether a call waits because every connection is full; set by any thread. */
    private final AtomicBoolean full = new AtomicBoolean();

    /** Written in the context, read by pickers. */
    private volatile @Nullable Running running;

    private PolicyConfig config = PolicyConfig.DEFAULTS;
    private ConnectivityState shown = ConnectivityState.IDLE;
    private boolean shutDown;

    /** What exists from the first list of addresses on. */
    private record Running(BalancedPool pool, PodConnections connections, Dialer dialer, EventThread events) {}

    EvenkeelLoadBalancer(Helper helper) {
        this(helper, Ticker.system(), Seeds.fresh(), System::getenv, EventThread::of);
    }

    /**
     * @param environment says where this process runs, by the name of a variable
     * @param events of a pool by its name
     */
    EvenkeelLoadBalancer(
            Helper helper,
            Ticker ticker,
            long seed,
            Function<String, @Nullable String> environment,
            Function<String, EventThread> events) {
        this.events = events;
        this.environment = environment;
        this.helper = helper;
        this.ticker = ticker;
        this.seed = seed;
        this.rotation = new Rotation(seed);
    }

    @Override
    public Status acceptResolvedAddresses(ResolvedAddresses addresses) {
        if (addresses.getAddresses().isEmpty()) {
            Status empty = Status.UNAVAILABLE.withDescription(
                    "the resolver of " + helper.getChannelTarget() + " reported no address");
            handleNameResolutionError(empty);
            return empty;
        }
        Map<EndpointKey, EquivalentAddressGroup> groups = new LinkedHashMap<>();
        List<Endpoint> pods = new ArrayList<>();
        for (EquivalentAddressGroup group : addresses.getAddresses()) {
            Endpoint pod = podOf(group);
            if (groups.putIfAbsent(pod.key(), group) == null) {
                pods.add(pod);
            }
        }
        try {
            Running current = running(addresses.getLoadBalancingPolicyConfig());
            current.dialer().addresses(groups);
        } catch (IllegalArgumentException refused) {
            Status status = Status.UNAVAILABLE
                    .withDescription("policy evenkeel: " + refused.getMessage())
                    .withCause(refused);
            show(ConnectivityState.TRANSIENT_FAILURE, new FixedResultPicker(PickResult.withError(status)));
            return status;
        }
        resolved.resolved(pods);
        return Status.OK;
    }

    /** The Pod as one of our resolvers described it, else its first address. */
    private static Endpoint podOf(EquivalentAddressGroup group) {
        Endpoint described = group.getAttributes().get(PodAttributes.ENDPOINT);
        if (described != null) {
            return described;
        }
        SocketAddress address = group.getAddresses().get(0);
        if (address instanceof InetSocketAddress inet && inet.getPort() > 0) {
            String host = inet.isUnresolved()
                    ? inet.getHostString()
                    : inet.getAddress().getHostAddress();
            int scope = host.indexOf('%');
            return Endpoint.of(scope < 0 ? host : host.substring(0, scope), inet.getPort());
        }
        // In-process and Unix addresses have neither host nor port; what identifies them is their text.
        String text = address.toString();
        return Endpoint.of(text, Integer.toHexString(text.hashCode()) + ".invalid", 1);
    }

    private Running running(@Nullable Object policyConfig) {
        Running existing = running;
        if (existing == null) {
            config = policyConfig instanceof PolicyConfig given ? given : PolicyConfig.DEFAULTS;
            running = existing = start();
        } else if (policyConfig instanceof PolicyConfig given && !given.equals(config)) {
            LOG.info(
                    "Pool {}: a changed service config takes effect when the channel leaves idle mode again",
                    existing.pool().name());
            config = given;
        }
        return existing;
    }

    private Running start() {
        PoolSettings given = helper.getNameResolverArgs().getArg(PodAttributes.SETTINGS_ARG);
        PoolSettings settings = given == null
                // One of maybe thousands of channels that have no name of their own: not one MBean each.
                ? PoolSettings.movingWhole().jmx(false)
                : given.copy();
        config.applyTo(settings);
        settings.target(targetOf(helper).toString()).watch(SETTLED_ALREADY);
        PoolConfig pool = settings.toConfig(SeatPolicy.perEndpoint(config.connectionsPerPod(), config.maxConnections()))
                .orPlacedBy(environment);
        Guard guard = new Guard("Pool " + pool.name());
        SyncContextScheduler control = new SyncContextScheduler(
                helper.getSynchronizationContext(), helper.getScheduledExecutorService(), guard);
        EndpointWatchers watchers = new EndpointWatchers(
                new SourceContext(ticker, control, Runnable::run, new SplittableRandom(seed)),
                (target, context) -> resolved);
        EventThread reporting = events.apply(pool.name());
        BalancedPool balanced = BalancedPool.create(pool, ticker, control, seed, watchers, reporting);
        Dialer dialer = new Dialer(
                helper, config.maxCallsPerConnection(), new CallFailures(CallFailures::byDefault, guard), ticker, this);
        PodConnections connections = new PodConnections(
                pool.name(),
                config.connectTimeout(),
                pool.balance().drainDeadline(),
                pool.balance().slowStart(),
                dialer,
                balanced.signals(),
                ticker,
                control,
                new SplittableRandom(seed),
                this::publish);
        try {
            balanced.start(connections);
        } catch (RuntimeException | Error refused) {
            reporting.end();
            throw refused;
        }
        return new Running(balanced, connections, dialer, reporting);
    }

    /** The channel's target, if core has a name for its kind; it is only shown here, since the resolver watches it. */
    private static Target targetOf(Helper helper) {
        String text = helper.getChannelTarget();
        int scheme = text.indexOf("://");
        String core = scheme < 0 ? "dns" : text.substring(0, scheme).replace("evenkeel-dns", "dns");
        try {
            Target target =
                    PodTarget.parse(scheme < 0 ? "dns:///" + text : text, core).target();
            if (EndpointSources.schemes().contains(target.scheme())) {
                return target;
            }
        } catch (InvalidTargetException another) {
            LOG.debug("Channel target {} is of a kind of its own", text, another);
        }
        return new Target("dns", "", helper.getAuthority());
    }

    private void publish(List<PodConnection> open, boolean dialling, boolean failing) {
        if (shutDown) {
            return;
        }
        full.set(false);
        if (!open.isEmpty()) {
            show(ConnectivityState.READY, new PodPicker(open.toArray(new PodConnection[0]), rotation, ticker, full));
        } else if (!failing || (dialling && shown != ConnectivityState.TRANSIENT_FAILURE)) {
            show(ConnectivityState.CONNECTING, new FixedResultPicker(PickResult.withNoResult()));
        } else {
            show(ConnectivityState.TRANSIENT_FAILURE, new Unavailable());
        }
    }

    /** Fails each call with what is wrong at that moment; calls that wait for ready go on waiting. From any thread. */
    private final class Unavailable extends SubchannelPicker {
        @Override
        public PickResult pickSubchannel(PickSubchannelArgs args) {
            Diagnosis diagnosis = pool().diagnosis("wait until a call has ended, or raise maxCallsPerConnection");
            return PickResult.withError(Status.UNAVAILABLE
                    .withDescription(diagnosis.message("no connection"))
                    .withCause(diagnosis.exception()));
        }
    }

    private void show(ConnectivityState state, SubchannelPicker picker) {
        shown = state;
        helper.updateBalancingState(state, picker);
    }

    @Override
    public void handleNameResolutionError(Status error) {
        if (running == null) {
            show(ConnectivityState.TRANSIENT_FAILURE, new FixedResultPicker(PickResult.withError(error)));
        } else {
            resolved.failed(error);
        }
    }

    @Override
    public void began() {
        Running current = running;
        if (current != null) {
            current.connections().began();
        }
    }

    @Override
    public void drained(PodConnection connection) {
        helper.getSynchronizationContext().execute(() -> {
            Running current = running;
            if (current != null) {
                current.connections().drained(connection);
            }
        });
    }

    @Override
    public Scheduler control() {
        return pool().control();
    }

    @Override
    public void roomAgain() {
        if (full.compareAndSet(true, false)) {
            helper.getSynchronizationContext().execute(() -> {
                Running current = running;
                if (current != null) {
                    current.connections().publish();
                }
            });
        }
    }

    @Override
    public void shutdown() {
        shutDown = true;
        Running current = running;
        if (current != null) {
            current.pool().close();
            current.connections().close();
            current.events().end();
        }
    }

    private BalancedPool pool() {
        return Objects.requireNonNull(running, "running (expected: addresses were resolved)")
                .pool();
    }
}

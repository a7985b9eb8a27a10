package io.evenkeel.grpc;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import io.evenkeel.adapter.PoolSettings;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.endpoint.EndpointSet;
import io.evenkeel.watch.EndpointWatchers;
import io.evenkeel.watch.SourceHealth;
import io.evenkeel.watch.Subscription;
import io.evenkeel.watch.WatchSnapshot;
import io.evenkeel.watch.WatcherConfig;
import io.grpc.Attributes;
import io.grpc.EquivalentAddressGroup;
import io.grpc.NameResolver;
import io.grpc.Status;
import io.grpc.StatusOr;
import io.grpc.SynchronizationContext;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reports the Pods behind a target to a channel, each as an address group of its own, and again whenever they change.
 *
 * <p>The watch is shared by all channels of the process with the same target, and lives on for {@link #LINGER} after
 * the last: a channel that falls idle shuts its resolver down and makes another when it is used again. What a channel
 * gets is what the watcher believes, so never an empty list: while nothing usable is known it gets an error with the
 * source's reason, and later the last list stays.
 *
 * <p>Threads: a snapshot arrives on the watch thread, which serves every other pool, so it is only noted there.
 * Everything else (names looked up, a file read) happens on the channel's offload executor, and the report in its
 * synchronization context. Of several snapshots that wait, the latest is reported.
 */
final class PodNameResolver extends NameResolver {

    /** How long a watch outlives its last resolver. Channels are idle for 30 min by default before they end theirs. */
    static final Duration LINGER = Duration.ofMinutes(10);

    private static final Logger LOG = LoggerFactory.getLogger(PodNameResolver.class);
    private static final int LARGEST_SERVICE_CONFIG = 1 << 20;

    private final PodTarget target;
    private final EndpointWatchers watchers;
    private final SynchronizationContext context;
    private final Executor offload;
    private final ServiceConfigParser parser;
    private final @Nullable PoolSettings settings;
    private final AtomicReference<@Nullable WatchSnapshot> latest = new AtomicReference<>();

    // Touched in the synchronization context only.
    private @Nullable Subscription subscription;

    private @Nullable List<EquivalentAddressGroup> reported;

    private long reportedVersion;

    private volatile boolean shutDown;

    PodNameResolver(PodTarget target, Args args, EndpointWatchers watchers) {
        this.target = target;
        this.watchers = watchers;
        this.context = args.getSynchronizationContext();
        this.offload = Objects.requireNonNull(args.getOffloadExecutor(), "offloadExecutor");
        this.parser = args.getServiceConfigParser();
        this.settings = args.getArg(PodAttributes.SETTINGS_ARG);
    }

    @Override
    public String getServiceAuthority() {
        return target.authority();
    }

    @Override
    public void start(Listener2 listener) {
        try {
            WatcherConfig watch = settings == null ? WatcherConfig.defaults() : settings.watch();
            subscription = watchers.subscribe(target.target(), watch, snapshot -> changed(snapshot, listener));
        } catch (IllegalArgumentException notUnderstood) {
            LOG.debug("Target {} has no source", target.target(), notUnderstood);
            listener.onResult2(failure(Status.UNAVAILABLE
                    .withDescription(target.target() + ": " + notUnderstood.getMessage())
                    .withCause(notUnderstood)));
        }
    }

    /** On the watch thread: hands over, and no more. */
    private void changed(WatchSnapshot snapshot, Listener2 listener) {
        if (latest.getAndSet(snapshot) == null) {
            try {
                offload.execute(() -> resolve(listener));
            } catch (RejectedExecutionException channelEnded) {
                // The channel shuts its resolver down, too; until then nothing is awaited from it.
                LOG.debug("{}: a channel that has ended takes no Pods", target.target(), channelEnded);
            }
        }
    }

    private void resolve(Listener2 listener) {
        WatchSnapshot snapshot = latest.getAndSet(null);
        if (snapshot == null || shutDown) {
            return;
        }
        List<EquivalentAddressGroup> groups = new ArrayList<>();
        for (Endpoint endpoint : usable(snapshot.endpoints())) {
            groups.add(group(endpoint));
        }
        ConfigOrError config = serviceConfig();
        context.execute(() -> report(snapshot, groups, config, listener));
    }

    /** Ready ones; else those that terminate but still serve, as kube-proxy does. */
    private static List<Endpoint> usable(EndpointSet set) {
        List<Endpoint> ready = set.ready();
        if (!ready.isEmpty()) {
            return ready;
        }
        return set.endpoints().stream()
                .filter(endpoint -> endpoint.condition() == EndpointCondition.TERMINATING)
                .toList();
    }

    private static EquivalentAddressGroup group(Endpoint endpoint) {
        return new EquivalentAddressGroup(
                address(endpoint),
                Attributes.newBuilder().set(PodAttributes.ENDPOINT, endpoint).build());
    }

    private static InetSocketAddress address(Endpoint endpoint) {
        try {
            // An IP literal needs no look-up; a name is looked up here, where that may take its time.
            return new InetSocketAddress(InetAddress.getByName(endpoint.host()), endpoint.port());
        } catch (UnknownHostException unknown) {
            // The dial fails with this name in its message.
            return InetSocketAddress.createUnresolved(endpoint.host(), endpoint.port());
        }
    }

    private void report(
            WatchSnapshot snapshot,
            List<EquivalentAddressGroup> groups,
            @Nullable ConfigOrError config,
            Listener2 listener) {
        long version = snapshot.endpoints().version();
        // Two resolutions can end in another order than they began.
        if (shutDown || version < reportedVersion) {
            return;
        }
        reportedVersion = version;
        if (groups.equals(reported)) {
            return;
        }
        if (groups.isEmpty()) {
            // Before the first answer calls wait, as they do while a name is looked up.
            boolean answered = snapshot.health() != SourceHealth.UNKNOWN
                    || snapshot.details().lastFailure() != null;
            if (reported == null && answered) {
                listener.onResult2(failure(Status.UNAVAILABLE.withDescription(target.target()
                        + ": no Pod is known, source " + snapshot.health() + ": " + snapshot.reason())));
            }
            return;
        }
        reported = groups;
        ResolutionResult.Builder result = ResolutionResult.newBuilder().setAddressesOrError(StatusOr.fromValue(groups));
        if (config != null) {
            result.setServiceConfig(config);
        }
        Status taken = listener.onResult2(result.build());
        if (!taken.isOk()) {
            // The policy takes the next list as it comes; there is nothing to ask again sooner.
            LOG.debug("{}: the channel's policy did not take the {} Pods: {}", target.target(), groups.size(), taken);
        }
    }

    private ResolutionResult failure(Status status) {
        return ResolutionResult.newBuilder()
                .setAddressesOrError(StatusOr.fromStatus(status))
                .build();
    }

    private @Nullable ConfigOrError serviceConfig() {
        Path file = target.serviceConfig();
        if (file == null) {
            return null;
        }
        try {
            if (Files.size(file) > LARGEST_SERVICE_CONFIG) {
                return refused(file, "larger than 1 MiB (expected: a service config)", null);
            }
            Map<?, ?> json = new Gson().fromJson(Files.readString(file), Map.class);
            if (json == null) {
                return refused(file, "empty (expected: a JSON object)", null);
            }
            @SuppressWarnings("unchecked") // the keys of a JSON object are strings
            Map<String, ?> config = (Map<String, ?>) json;
            return parser.parseServiceConfig(config);
        } catch (IOException | JsonParseException | StackOverflowError unreadable) {
            return refused(file, String.valueOf(unreadable), unreadable);
        }
    }

    private ConfigOrError refused(Path file, String why, @Nullable Throwable cause) {
        return ConfigOrError.fromError(Status.UNAVAILABLE
                .withDescription("service-config: " + file + " of " + target.target() + ": " + why)
                .withCause(cause));
    }

    /** A hint that a connection was lost. The watch reports by itself all there is to know. */
    @Override
    public void refresh() {}

    @Override
    public void shutdown() {
        shutDown = true;
        Subscription watched = subscription;
        if (watched != null) {
            watched.closeAfter(LINGER);
        }
    }
}

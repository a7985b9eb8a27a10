package io.evenkeel.kubernetes;

import io.evenkeel.endpoint.Target;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.SharedResources.Lease;
import io.evenkeel.source.SourceContext;
import io.evenkeel.source.SourceLifecycle;
import io.evenkeel.time.Scheduler;
import io.kubernetes.client.openapi.ApiClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The Pods behind one Service, from its EndpointSlices: listed once, watched from then on.
 *
 * <p>The API server and the credentials, the first of these that there is:
 *
 * <ol>
 *   <li>what the {@linkplain Builder builder} was given: an {@link ApiClient}, or a kubeconfig file
 *   <li>in a Pod, its service account ({@code KUBERNETES_SERVICE_HOST} is set and the token can be read), unless the
 *       target names a context
 *   <li>the files in the environment variable {@code KUBECONFIG}, merged as kubectl does it
 *   <li>{@code ~/.kube/config}
 * </ol>
 *
 * <p>The account needs to be allowed {@code list} and {@code watch} on {@code endpointslices} of the API group
 * {@code discovery.k8s.io} in the Service's namespace, and nothing else. If it isn't, the report says which Role to
 * apply.
 *
 * <p>What it reports: {@code Endpoints} whenever they change, at most every 100 ms, and, unchanged, when the server
 * confirms them; {@code Missing} if the Service has no slice or not this port; {@code Failed} if the server can't be
 * asked. It is silent about a watch that breaks off and can be taken up again at once, and about watches that break
 * while lists work: a list is proof enough, see {@link #freshFor} and {@link #trouble}. See {@link EndpointSliceMapper}
 * for what becomes of the slices.
 *
 * <p>All sources of one {@link SourceContext} that mean the same Service share one watch, also where their ports
 * differ. A watch costs the API server about eight requests an hour, and has one thread, {@code
 * evenkeel-k8s-<service>}, that waits for it. Thread-safe.
 */
public final class KubernetesEndpointSource implements EndpointSource {

    private static final Logger LOG = LoggerFactory.getLogger(KubernetesEndpointSource.class);

    /** So many changes a second are reported one by one; of more, what they come to. */
    static final Duration REPORT_INTERVAL = Duration.ofMillis(100);

    private final Settings settings;
    private final SourceContext context;
    private final SourceLifecycle life = new SourceLifecycle();
    private final OfWatch listener;
    private volatile List<EndpointSlice> shown = List.of();
    // Set by start, on its thread; closed once.
    private volatile @Nullable Lease<ApiAccess> access;
    private volatile @Nullable Lease<SliceWatch> watch;

    /** What the builder collected, checked. */
    private record Settings(
            KubernetesTarget target,
            ApiAccess.Config access,
            Supplier<SliceMapping> mappings,
            Duration listTimeout,
            @Nullable Executor sessions) {}

    private KubernetesEndpointSource(Settings settings, SourceContext context) {
        this.settings = settings;
        this.context = Objects.requireNonNull(context, "context");
        this.listener = new OfWatch();
    }

    /**
     * A builder for a target such as {@code k8s:///pg.default:5432}.
     *
     * @throws IllegalArgumentException if the target is not of that form
     */
    public static Builder builder(Target target) {
        return new Builder(target);
    }

    /** The same, from text. */
    public static Builder builder(String target) {
        return builder(Target.parse(target));
    }

    @Override
    public void start(Observer observer) {
        life.start(observer);
        KubernetesTarget target = settings.target();
        Lease<ApiAccess> reached =
                context.shared().lease(ApiAccess.class, settings.access(), () -> new ApiAccess(settings.access()));
        access = reached;
        SliceWatch.Key key = new SliceWatch.Key(settings.access(), target.namespace(), target.service());
        Lease<SliceWatch> joined = context.shared()
                .lease(
                        SliceWatch.class,
                        key,
                        () -> new SliceWatch(key, settings.listTimeout(), context, sessions(), reached.resource()));
        watch = joined;
        context.scheduler().execute(() -> {
            if (!life.isClosed()) {
                joined.resource().add(listener);
            }
        });
        if (life.isClosed()) {
            // Closed meanwhile, before it could see what was just made.
            release();
        }
    }

    private Executor sessions() {
        Executor given = settings.sessions();
        return given != null ? given : new SessionThreads(settings.target().service());
    }

    /** A watch waits for minutes, so it can't have one of the few threads that the context has for short work. */
    private record SessionThreads(String service) implements Executor {
        @Override
        public void execute(Runnable session) {
            Thread thread = new Thread(session, "evenkeel-k8s-" + service);
            thread.setDaemon(true);
            thread.start();
        }
    }

    /** As long as the server's own proofs come in time; see {@link SliceWatch#freshFor}. */
    @Override
    public @Nullable Duration freshFor() {
        Lease<SliceWatch> joined = watch;
        return joined == null ? null : joined.resource().freshFor();
    }

    /** Lists and watches of this Service, of all sources that share them. */
    @Override
    public long requests() {
        Lease<SliceWatch> joined = watch;
        return joined == null ? 0 : joined.resource().requests();
    }

    /** Why its watch fails, while lists prove what is known. */
    @Override
    public @Nullable String trouble() {
        Lease<SliceWatch> joined = watch;
        return joined == null ? null : joined.resource().trouble();
    }

    @Override
    public void close() {
        life.close();
        release();
    }

    private void release() {
        Lease<SliceWatch> joined = watch;
        if (joined != null) {
            context.scheduler().execute(() -> joined.resource().remove(listener));
            joined.close();
        }
        Lease<ApiAccess> reached = access;
        if (reached != null) {
            reached.close();
        }
    }

    /**
     * The slices as they were when endpoints were last reported, in order of their names; for display. Empty before
     * that.
     */
    public List<EndpointSlice> slices() {
        return shown;
    }

    /** Keeps the endpoints and reports them; lives on the scheduler. */
    private final class OfWatch implements SliceWatch.Listener {

        private SliceMapping mapping = settings.mappings().get();
        private String namespace = "";
        // Whether the mapping has thrown, and is to be made anew.
        private boolean spoiled;
        // What it threw, until one was made and read without a fault.
        private @Nullable Throwable defect;
        private @Nullable Report last;
        private long reportedAt;
        private Scheduler.@Nullable Cancellable due;

        @Override
        public void listed(Collection<EndpointSlice> all, String where) {
            namespace = where;
            map(() -> mapping.replace(all));
            report();
        }

        @Override
        public void changed(EndpointSlice slice) {
            if (map(() -> mapping.put(slice))) {
                reportSoon();
            } else {
                confirmed();
            }
        }

        @Override
        public void gone(String name) {
            map(() -> mapping.remove(name));
            reportSoon();
        }

        /** A mapping that throws may be half done: the next one begins with everything that the watch knows. */
        private boolean map(BooleanSupplier step) {
            try {
                if (!spoiled) {
                    return step.getAsBoolean();
                }
                mapping = settings.mappings().get();
                mapping.replace(known());
                spoiled = false;
            } catch (RuntimeException | Error unexpected) {
                spoiled(unexpected);
            }
            return true;
        }

        private void spoiled(Throwable unexpected) {
            if (defect == null) {
                LOG.error(
                        "The slices of Service {} cannot be mapped",
                        settings.target().service(),
                        unexpected);
            }
            defect = unexpected;
            spoiled = true;
        }

        private Collection<EndpointSlice> known() {
            Lease<SliceWatch> joined = watch;
            return joined == null ? List.of() : joined.resource().known();
        }

        @Override
        public void confirmed() {
            Report known = last;
            if (known != null && due == null) {
                life.report(known);
            }
        }

        @Override
        public void failed(Failed why) {
            if (due != null) {
                // What came before the failure is reported before it, or it would look like a recovery.
                report();
            }
            life.report(why);
        }

        private void reportSoon() {
            if (due != null) {
                return;
            }
            long since = context.ticker().nanos() - reportedAt;
            if (last == null || since >= REPORT_INTERVAL.toNanos()) {
                report();
            } else {
                due = context.scheduler().schedule(REPORT_INTERVAL.minusNanos(since), this::report);
            }
        }

        private void report() {
            Scheduler.Cancellable pending = due;
            if (pending != null) {
                pending.cancel();
                due = null;
            }
            reportedAt = context.ticker().nanos();
            Report now = whatIsThere();
            last = now;
            life.report(now);
        }

        /** Not even reading the mapping may throw: the watch, and the other sources on it, would not go on. */
        private Report whatIsThere() {
            String where = "Service " + settings.target().service() + " in namespace " + namespace + ": ";
            if (!spoiled) {
                try {
                    Report read = mapped(where);
                    defect = null;
                    return read;
                } catch (RuntimeException | Error unexpected) {
                    spoiled(unexpected);
                }
            }
            return new Failed(where + "its slices cannot be mapped: " + defect, defect);
        }

        private Report mapped(String where) {
            shown = mapping.slices();
            String fault = mapping.fault();
            if (fault != null) {
                return new Failed(where + fault, null);
            }
            if (shown.isEmpty()) {
                return new Missing(Explanations.noSlice(settings.target().service(), namespace));
            }
            String complaint = mapping.complaint();
            return complaint == null ? new Endpoints(mapping.endpoints()) : new Missing(where + complaint);
        }
    }

    /** Collects the settings of a {@link KubernetesEndpointSource}. Not thread-safe. */
    public static final class Builder {

        private final KubernetesTarget target;
        private @Nullable ApiClient apiClient;
        private @Nullable Path kubeconfig;
        private AddressFamily preferredFamily = AddressFamily.IPV4;
        private Duration listTimeout = Duration.ofSeconds(30);
        private @Nullable ApiEnvironment environment;
        private @Nullable Executor sessions;
        private @Nullable Supplier<SliceMapping> mappings;

        private Builder(Target target) {
            this.target = KubernetesTarget.of(target);
        }

        /**
         * Uses this client's address, certificates and credentials instead of looking for a configuration. Defaults to
         * none. It stays the caller's; its connections are not used, only those like them.
         */
        public Builder apiClient(ApiClient client) {
            this.apiClient = Objects.requireNonNull(client, "apiClient");
            return this;
        }

        /** Uses this kubeconfig instead of looking for a configuration. Defaults to none. */
        public Builder kubeconfig(Path file) {
            this.kubeconfig = Objects.requireNonNull(file, "kubeconfig");
            return this;
        }

        /** Which address of a dual-stack Pod is used. Defaults to IPv4. */
        public Builder preferredFamily(AddressFamily family) {
            this.preferredFamily = Objects.requireNonNull(family, "preferredFamily");
            return this;
        }

        /**
         * How long connecting and listing may take, and then opening the watch, until that counts as failed. Defaults
         * to 30 s, twice what an API server may let a request wait in its queue; above 0, at most 10 min. Of several
         * sources that share a watch, the first one's holds.
         */
        public Builder listTimeout(Duration timeout) {
            this.listTimeout = Objects.requireNonNull(timeout, "listTimeout");
            return this;
        }

        /** Looks here for a configuration, instead of in this process's environment. */
        Builder environment(ApiEnvironment where) {
            this.environment = where;
            return this;
        }

        /** What runs the sessions, each of which occupies a thread for minutes. */
        Builder sessions(Executor executor) {
            this.sessions = executor;
            return this;
        }

        /** What makes a mapping of slices to endpoints, anew after one has thrown. */
        Builder mappings(Supplier<SliceMapping> supplier) {
            this.mappings = supplier;
            return this;
        }

        /**
         * Makes a source that is not started.
         *
         * @throws IllegalArgumentException if a setting is out of its bounds, or settings exclude each other
         */
        public KubernetesEndpointSource build(SourceContext context) {
            if (listTimeout.isNegative() || listTimeout.isZero() || listTimeout.compareTo(Duration.ofMinutes(10)) > 0) {
                throw new IllegalArgumentException(
                        "listTimeout: " + listTimeout + " (expected: above 0, at most PT10M)");
            }
            if (apiClient != null && (kubeconfig != null || target.context() != null)) {
                throw new IllegalArgumentException(
                        "apiClient: set together with a kubeconfig or a context (expected: one way "
                                + "to find the API server)");
            }
            ApiEnvironment where = environment == null ? ApiEnvironment.ofThisProcess() : environment;
            ApiAccess.Config config = new ApiAccess.Config(apiClient, kubeconfig, target.context(), where);
            AddressFamily family = preferredFamily;
            Supplier<SliceMapping> mapping =
                    mappings == null ? () -> new EndpointSliceMapper(target.port(), family) : mappings;
            return new KubernetesEndpointSource(new Settings(target, config, mapping, listTimeout, sessions), context);
        }
    }
}

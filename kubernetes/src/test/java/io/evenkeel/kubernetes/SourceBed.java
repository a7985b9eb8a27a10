package io.evenkeel.kubernetes;

import static java.util.stream.Collectors.joining;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.endpoint.Target;
import io.evenkeel.kubernetes.fake.FakeApiServer;
import io.evenkeel.kubernetes.fake.Slice;
import io.evenkeel.kubernetes.fake.SliceEndpoint;
import io.evenkeel.kubernetes.fake.Verb;
import io.evenkeel.kubernetes.fake.WatchStream;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.SourceContext;
import io.evenkeel.time.ManualScheduler;
import io.kubernetes.client.openapi.ApiClient;
import io.kubernetes.client.util.ClientBuilder;
import io.kubernetes.client.util.credentials.AccessTokenAuthentication;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A source between a real socket and fake time: bytes go their way at once, and a second passes when the test says so. What
 * the source decides, it decides on the test's thread.
 */
final class SourceBed implements AutoCloseable {

    static final String TARGET = "k8s:///pg.default:pg";

    /** Of real time, after which a test has failed; nothing is measured by it. */
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(20);

    /** As long at most is waited for an attempt, or for an event, that should arrive at once. */
    private static final long SETTLED_NANOS = TimeUnit.SECONDS.toNanos(2);

    private static final long ARRIVED_NANOS = TimeUnit.MILLISECONDS.toNanos(250);

    final FakeApiServer server;
    final ManualScheduler scheduler = new ManualScheduler();
    final List<EndpointSource.Report> reports = new CopyOnWriteArrayList<>();
    private final ExecutorService blocking = Executors.newCachedThreadPool(work -> {
        Thread thread = new Thread(work, "bed-blocking");
        thread.setDaemon(true);
        return thread;
    });
    private final SourceContext context;
    private final List<AutoCloseable> opened = new ArrayList<>();
    private volatile @Nullable Attempt attempt;
    private @Nullable KubernetesEndpointSource started;
    // Of the server and the scheduler, when time last passed.
    private long happenedBefore;
    private long scheduledBefore;
    private long swallowedBefore;

    /** One session of the source with the server, which has a thread to itself. */
    private final class Attempt implements Runnable {
        private final Runnable session;
        private final long watchesBefore = server.watchesBegun();
        private final long longTimersBefore = longTimers();
        private final long heldBefore = server.held();
        private final long swallowedBefore = server.wire().swallowed();
        private volatile boolean ended;
        private boolean waitedFor;

        Attempt(Runnable session) {
            this.session = session;
        }

        @Override
        public void run() {
            try {
                session.run();
            } finally {
                ended = true;
            }
        }

        /** Whether it came as far as it can without time passing, or had its chance to. */
        boolean isSettled() {
            return ended || waitedFor || isWatching() || isStuck();
        }

        /** Its request is where no answer comes from. */
        private boolean isStuck() {
            return server.held() > heldBefore || server.wire().swallowed() > swallowedBefore;
        }

        /** Once a source has heard that its watch is open it waits for minutes; for an answer it waits for seconds. */
        private boolean isWatching() {
            return server.watchesBegun() > watchesBefore
                    && !server.watches().isEmpty()
                    && longTimers() > longTimersBefore;
        }
    }

    private long longTimers() {
        return scheduler.pending().stream()
                .filter(wait -> wait.compareTo(Duration.ofMinutes(1)) > 0)
                .count();
    }

    SourceBed(FakeApiServer.Speaks speaks) throws IOException {
        this(speaks, FakeApiServer.Certificate.VALID);
    }

    SourceBed(FakeApiServer.Speaks speaks, FakeApiServer.Certificate certificate) throws IOException {
        this(speaks, certificate, 7);
    }

    /** @param seed of the source's random waits */
    SourceBed(FakeApiServer.Speaks speaks, FakeApiServer.Certificate certificate, long seed) throws IOException {
        context = new SourceContext(scheduler.ticker(), scheduler, blocking, new Random(seed));
        server = FakeApiServer.start(speaks, certificate);
    }

    /** One for everything in a process, as the real one: what it shares is shared. */
    SourceContext context() {
        return context;
    }

    /** A client with everything that it needs to reach the server. */
    ApiClient apiClient() throws IOException {
        return new ClientBuilder()
                .setBasePath(server.url().toString())
                .setAuthentication(new AccessTokenAuthentication(FakeApiServer.TOKEN))
                .setCertificateAuthority(server.authorityPem().getBytes(StandardCharsets.UTF_8))
                .build();
    }

    /** A builder whose sessions this bed knows of, so that time waits for them. */
    KubernetesEndpointSource.Builder builder(Target target) {
        return KubernetesEndpointSource.builder(target).sessions(session -> {
            Attempt next = new Attempt(session);
            attempt = next;
            blocking.execute(next);
        });
    }

    KubernetesEndpointSource start() throws IOException {
        ApiClient client = apiClient();
        return start(builder -> builder.apiClient(client));
    }

    KubernetesEndpointSource start(UnaryOperator<KubernetesEndpointSource.Builder> settings) {
        KubernetesEndpointSource source =
                settings.apply(builder(Target.parse(TARGET))).build(context());
        closing(source);
        started = source;
        source.start(reports::add);
        return source;
    }

    /** How many sessions are running: none but the last may be. */
    int sessions() {
        Attempt last = attempt;
        return last == null || last.ended ? 0 : 1;
    }

    /** Closed with the bed, the last one first. */
    void closing(AutoCloseable closeable) {
        opened.add(closeable);
    }

    /** One slice with these Pods, all ready, at 10.0.0.1 and so on by the number in their names. */
    static Slice slice(String name, String... pods) {
        Slice slice = Slice.of(name, "pg").port("pg", 5432);
        for (String pod : pods) {
            slice.ready(pod, address(pod));
        }
        return slice;
    }

    static Slice leaving(Slice slice, String pod) {
        return slice.endpoints(SliceEndpoint.terminating(pod, address(pod)));
    }

    private static String address(String pod) {
        return "10.0.0." + (Integer.parseInt(pod.replaceAll("\\D", "")) + 1);
    }

    /** Lets everything happen that can without time passing, until this holds. */
    void until(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        scheduler.runDue();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("not reached: " + what + "; reports " + reports + "; requests "
                        + server.requests() + "; timers " + scheduler.pending());
            }
            LockSupport.parkNanos(200_000);
            scheduler.runDue();
        }
    }

    /** Lets time pass in steps until this holds. */
    void pass(Duration atMost, String what, BooleanSupplier condition) {
        Duration step = Duration.ofMillis(500);
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        for (Duration passed = Duration.ZERO; !condition.getAsBoolean(); passed = passed.plus(step)) {
            if (passed.compareTo(atMost) >= 0) {
                // What was begun in time may still be on its way.
                await(what, condition);
                return;
            }
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("not reached: " + what + " within " + atMost + "; reports " + reports);
            }
            step(step);
        }
    }

    /** Lets time pass whatever happens. */
    void pass(Duration time) {
        Duration step = Duration.ofSeconds(1);
        for (Duration passed = Duration.ZERO; passed.compareTo(time) < 0; passed = passed.plus(step)) {
            step(step);
        }
    }

    /**
     * A step: what the server sent before it arrives first, then time passes, then what was asked for in it is answered.
     * Where nothing is on its way nothing is waited for.
     */
    void step(Duration step) {
        arrive();
        scheduler.advance(step);
        Attempt begun = attempt;
        if (begun != null && !begun.waitedFor) {
            settle(begun);
            begun.waitedFor = true;
            arrive();
        }
        remember();
    }

    private void remember() {
        happenedBefore = server.happened();
        scheduledBefore = scheduler.scheduled();
        swallowedBefore = server.wire().swallowed();
    }

    private void settle(Attempt begun) {
        long start = System.nanoTime();
        while (!begun.isSettled() && System.nanoTime() - start < SETTLED_NANOS) {
            LockSupport.parkNanos(200_000);
            scheduler.runDue();
        }
        scheduler.runDue();
    }

    /** What the server did since time last passed is seen by the source, if anything carries it there. */
    private void arrive() {
        if (server.happened() == happenedBefore) {
            return;
        }
        long start = System.nanoTime();
        while (scheduler.scheduled() == scheduledBefore
                && server.wire().swallowed() == swallowedBefore
                && System.nanoTime() - start < ARRIVED_NANOS) {
            LockSupport.parkNanos(100_000);
        }
        // It may be the first of several.
        long seen = -1;
        for (int quiet = 0; quiet < 8; quiet = scheduler.scheduled() == seen ? quiet + 1 : 0) {
            seen = scheduler.scheduled();
            LockSupport.parkNanos(200_000);
            scheduler.runDue();
        }
        remember();
    }

    /** Waits until the source says that these are ready, such as {@code pg-0}, or leaving: {@code pg-1-}. */
    void awaitPods(String... pods) {
        List<String> expected = List.of(pods);
        await("Pods " + expected, () -> pods().equals(expected));
    }

    /** Waits for something that a source may take a moment for: it reports many changes as one. */
    void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        while (!condition.getAsBoolean() && System.nanoTime() - deadline < 0) {
            step(Duration.ofMillis(1));
            LockSupport.parkNanos(200_000);
        }
        until(what, condition);
    }

    /** How many endpoints each report had that had any. */
    List<Integer> reportedSizes() {
        return reports.stream()
                .filter(EndpointSource.Endpoints.class::isInstance)
                .map(report -> ((EndpointSource.Endpoints) report).endpoints().size())
                .toList();
    }

    /** The last endpoints that were reported; what is leaving has a dash behind it, what is not ready a question mark. */
    List<String> pods() {
        for (int i = reports.size() - 1; i >= 0; i--) {
            if (reports.get(i) instanceof EndpointSource.Endpoints endpoints) {
                return names(endpoints.endpoints());
            }
        }
        return List.of();
    }

    static List<String> names(Iterable<Endpoint> endpoints) {
        List<String> names = new ArrayList<>();
        endpoints.forEach(endpoint -> names.add(endpoint.identity()
                + (endpoint.condition() == EndpointCondition.TERMINATING ? "-" : "")
                + (endpoint.condition() == EndpointCondition.NOT_READY ? "?" : "")));
        names.sort(null);
        return names;
    }

    EndpointSource.Report last() {
        return reports.get(reports.size() - 1);
    }

    /** Why the source has no answer, or an empty text if its last report is one. */
    String complaint() {
        if (reports.isEmpty()) {
            return "";
        }
        if (last() instanceof EndpointSource.Failed failed) {
            return failed.reason();
        }
        return last() instanceof EndpointSource.Missing missing ? missing.reason() : "";
    }

    /** What doesn't work although the source started last answers, or an empty text. */
    String trouble() {
        KubernetesEndpointSource source = started;
        String trouble = source == null ? null : source.trouble();
        return trouble == null ? "" : trouble;
    }

    /** Waits until a watch is open; its stream. */
    WatchStream awaitWatch() {
        until("a watch", () -> !server.watches().isEmpty());
        return server.watches().iterator().next();
    }

    /** The resourceVersions that watches asked for, in order. */
    List<String> watchedFrom() {
        return server.requests().stream()
                .filter(request -> request.verb() == Verb.WATCH)
                .map(request -> request.query().getOrDefault("resourceVersion", "none"))
                .toList();
    }

    /** For a message: how often what was asked for. */
    String asked() {
        return server.requests().stream().map(request -> request.verb().name()).collect(joining(" "));
    }

    @Override
    public void close() throws Exception {
        for (int i = opened.size() - 1; i >= 0; i--) {
            opened.get(i).close();
        }
        scheduler.runDue();
        blocking.shutdownNow();
        server.close();
    }
}

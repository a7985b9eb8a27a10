package io.evenkeel.kubernetes;

import static io.evenkeel.kubernetes.SourceBed.slice;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.CapturedLog;
import io.evenkeel.endpoint.Target;
import io.evenkeel.kubernetes.fake.FakeApiServer.Speaks;
import io.evenkeel.kubernetes.fake.Fault;
import io.evenkeel.kubernetes.fake.Verb;
import io.evenkeel.watch.EndpointWatchers;
import io.evenkeel.watch.SourceHealth;
import io.evenkeel.watch.Subscription;
import io.evenkeel.watch.WatchSnapshot;
import io.evenkeel.watch.WatcherConfig;
import io.kubernetes.client.openapi.ApiClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Every LIST works and every WATCH breaks shortly after it began, for many rounds: the lists prove the endpoints, so health
 * stays, and neither events nor log lines come with each round.
 */
class ListsInsteadOfWatchesTest {

    private static final int ROUNDS = 40;
    private static final Duration LATEST_CHANGE = RetryWaits.LONGEST.plusSeconds(5);
    private static final String BOOKMARK =
            "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"EndpointSlice\",\"metadata\":{\"resourceVersion\":"
                    + "\"%d\"},\"endpoints\":null,\"ports\":null}}\n";

    /** How watches break. */
    private enum Broken {
        ENDS_AT_ONCE((bed, round) -> watches(bed, "")),
        ENDS_AFTER_A_BOOKMARK((bed, round) -> watches(bed, BOOKMARK.formatted(bed.server.revision()))),
        GARBAGE((bed, round) -> watches(bed, "<html>502</html>\n")),
        TRUNCATED((bed, round) -> bed.server.failAlways(Verb.WATCH, Fault.truncated())),
        EXPIRED((bed, round) -> bed.server.failAlways(Verb.WATCH, Fault.gone())),
        REFUSED((bed, round) -> bed.server.failAlways(Verb.WATCH, Fault.internalError())),
        FORBIDDEN((bed, round) -> bed.server.forbid(Verb.WATCH)),
        /** Every second LIST fails too: what is known is a round older then. */
        REFUSED_AND_EVERY_SECOND_LIST((bed, round) -> {
            bed.server.heal();
            bed.server.failAlways(Verb.WATCH, Fault.internalError());
            if (round % 2 == 1) {
                bed.server.failAlways(Verb.LIST, Fault.internalError());
            }
        });

        private final BiConsumer<SourceBed, Integer> breaking;

        Broken(BiConsumer<SourceBed, Integer> breaking) {
            this.breaking = breaking;
        }

        private static void watches(SourceBed bed, String body) {
            bed.server.failAlways(Verb.WATCH, new Fault.Answer(200, Map.of(), body));
        }
    }

    private final List<WatchSnapshot> snapshots = new ArrayList<>();

    private Subscription subscribe(SourceBed bed) throws Exception {
        ApiClient client = bed.apiClient();
        EndpointWatchers watchers = new EndpointWatchers(
                bed.context(),
                (target, context) -> bed.builder(target).apiClient(client).build(context));
        Subscription pool =
                watchers.subscribe(Target.parse(SourceBed.TARGET), WatcherConfig.defaults(), snapshots::add);
        bed.closing(pool);
        bed.await("healthy", () -> pool.current().health() == SourceHealth.HEALTHY);
        bed.awaitWatch();
        bed.pass(SliceWatch.SETTLED.plusSeconds(1));
        return pool;
    }

    private List<SourceHealth> changesOfHealth() {
        List<SourceHealth> changes = new ArrayList<>();
        for (WatchSnapshot snapshot : snapshots) {
            if (changes.isEmpty() || changes.get(changes.size() - 1) != snapshot.health()) {
                changes.add(snapshot.health());
            }
        }
        return changes;
    }

    private static void oneRound(SourceBed bed, Subscription pool) {
        int before = bed.server.requests().size();
        bed.pass(Duration.ofMinutes(2), "a session", () -> bed.server.requests().size() > before);
        bed.step(Duration.ofMillis(1));
        Duration bound = Objects.requireNonNull(pool.current().details().freshFor());
        long age = bed.scheduler.ticker().nanos() - pool.current().answeredAtNanos();
        assertThat(Duration.ofNanos(age))
                .as("of the last proof, below the bound that is shown")
                .isLessThan(bound);
    }

    private static boolean knows(Subscription pool, String pod) {
        return SourceBed.names(pool.current().endpoints().endpoints()).contains(pod);
    }

    @ParameterizedTest
    @EnumSource(Broken.class)
    void health_stays_events_and_log_lines_are_bounded_and_changes_are_known_within_the_back_off(Broken broken)
            throws Exception {
        try (CapturedLog log = new CapturedLog();
                SourceBed bed = new SourceBed(Speaks.HTTP_2)) {
            bed.server.put(slice("pg-a", "pg-0"));
            Subscription pool = subscribe(bed);
            bed.server.endWatches();
            for (int round = 0; round < ROUNDS; round++) {
                broken.breaking.accept(bed, round);
                oneRound(bed, pool);
            }
            assertThat(changesOfHealth())
                    .as("at most once stale, at the first failure that proved nothing")
                    .startsWith(SourceHealth.UNKNOWN, SourceHealth.HEALTHY)
                    .endsWith(SourceHealth.HEALTHY)
                    .hasSizeLessThanOrEqualTo(4);
            assertThat(pool.current().details().lastFailure()).as("shown").isNotEmpty();
            assertThat(log.linesWith(" INFO ").size() + log.linesWith(" WARN ").size())
                    .as("lines in the log: %s", log.linesWith("io.evenkeel"))
                    .isLessThanOrEqualTo(6);
            assertThat(log.linesWith(" WARN ")).as("an operator reads it once").hasSize(1);

            broken.breaking.accept(bed, 0);
            bed.server.put(slice("pg-a", "pg-0", "pg-1"));
            bed.pass(LATEST_CHANGE.multipliedBy(2), "a change", () -> knows(pool, "pg-1"));
            recovers(bed, pool);
        }
    }

    /** A watch that lasts makes the next failure news again. */
    private void recovers(SourceBed bed, Subscription pool) {
        bed.server.heal();
        bed.server.forbid();
        bed.pass(Duration.ofMinutes(1), "a watch", () -> !bed.server.watches().isEmpty());
        bed.pass(SliceWatch.SETTLED.plusSeconds(1));
        bed.server.wire().away();
        bed.pass(Duration.ofSeconds(10), "stale", () -> pool.current().health() == SourceHealth.STALE);
        bed.server.wire().back();
        bed.pass(Duration.ofMinutes(1), "healthy", () -> pool.current().health() == SourceHealth.HEALTHY);
    }
}

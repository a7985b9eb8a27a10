package io.evenkeel.kubernetes;

import static io.evenkeel.kubernetes.SourceBed.slice;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.Target;
import io.evenkeel.kubernetes.fake.FakeApiServer.Speaks;
import io.evenkeel.kubernetes.fake.Verb;
import io.evenkeel.watch.EndpointWatchers;
import io.evenkeel.watch.SourceHealth;
import io.evenkeel.watch.WatchSnapshot;
import io.evenkeel.watch.WatcherConfig;
import io.kubernetes.client.openapi.ApiClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The source and the watcher above it, while the API server is away. */
@Timeout(60)
class OutageTest {

    private final List<WatchSnapshot> told = new ArrayList<>();

    private WatchSnapshot now() {
        return told.get(told.size() - 1);
    }

    private List<String> believed() {
        return told.isEmpty() ? List.of() : SourceBed.names(now().endpoints().endpoints());
    }

    private void subscribe(SourceBed bed) throws Exception {
        ApiClient client = bed.apiClient();
        EndpointWatchers watchers = new EndpointWatchers(
                bed.context(),
                (target, context) -> bed.builder(target).apiClient(client).build(context));
        bed.closing(watchers.subscribe(Target.parse(SourceBed.TARGET), WatcherConfig.defaults(), told::add));
    }

    @ParameterizedTest
    @EnumSource(Speaks.class)
    void ten_minutes_without_the_api_server_remove_nobody_and_afterwards_it_settles_once(Speaks speaks)
            throws Exception {
        try (SourceBed bed = new SourceBed(speaks)) {
            bed.server.put(slice("pg-a", "pg-0", "pg-1", "pg-2"));
            subscribe(bed);
            bed.until("three Pods", () -> believed().size() == 3);
            bed.awaitWatch();

            bed.server.wire().away();
            bed.server.put(slice("pg-a", "pg-1", "pg-2"));
            bed.server.put(slice("pg-a", "pg-2", "pg-3"));
            bed.server.compact();
            bed.pass(Duration.ofMinutes(10));

            assertThat(believed()).containsExactly("pg-0", "pg-1", "pg-2");
            assertThat(now().health()).isEqualTo(SourceHealth.STALE);
            assertThat(now().reason()).contains(bed.server.url().getAuthority());

            int toldBefore = told.size();
            int askedBefore = bed.server.requests().size();
            bed.server.wire().back();
            bed.pass(Duration.ofMinutes(2), "healthy", () -> now().health() == SourceHealth.HEALTHY);
            // It answers, and yet nobody is removed before it has settled.
            assertThat(believed()).hasSize(3);
            bed.pass(Duration.ofSeconds(11), "the new Pods", () -> believed().equals(List.of("pg-2", "pg-3")));
            bed.awaitWatch();

            assertThat(told.subList(toldBefore, told.size()))
                    .as("one word that it is back, and one change")
                    .filteredOn(snapshot -> snapshot.health() == SourceHealth.HEALTHY)
                    .hasSize(2);
            assertThat(bed.server.requests().size() - askedBefore)
                    .as("requests when it was back: %s", bed.asked())
                    .isLessThanOrEqualTo(3);
            assertThat(bed.server
                            .requests()
                            .subList(askedBefore, bed.server.requests().size()))
                    .extracting(request -> request.verb())
                    .contains(Verb.LIST, Verb.WATCH);
        }
    }

    @ParameterizedTest
    @EnumSource(Speaks.class)
    void an_outage_without_a_change_is_over_without_one(Speaks speaks) throws Exception {
        try (SourceBed bed = new SourceBed(speaks)) {
            bed.server.put(slice("pg-a", "pg-0", "pg-1"));
            subscribe(bed);
            bed.until("two Pods", () -> believed().size() == 2);
            bed.awaitWatch();
            long version = now().endpoints().version();

            bed.server.wire().away();
            bed.pass(Duration.ofMinutes(3));
            assertThat(now().health()).isEqualTo(SourceHealth.STALE);
            bed.server.wire().back();
            bed.pass(Duration.ofMinutes(2), "healthy", () -> now().health() == SourceHealth.HEALTHY);

            assertThat(now().endpoints().version()).isEqualTo(version);
        }
    }
}

package io.evenkeel.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.evenkeel.demo.postgres.PostgresServer;
import io.evenkeel.jdbc.EvenkeelDataSource;
import io.evenkeel.kubernetes.fake.FakeApiServer;
import io.evenkeel.kubernetes.fake.FakeApiServer.Speaks;
import io.evenkeel.kubernetes.fake.Slice;
import io.evenkeel.kubernetes.fake.SliceEndpoint;
import io.evenkeel.kubernetes.fake.Verb;
import io.evenkeel.watch.SourceHealth;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The whole way: EndpointSlices at an API server, the source, the watcher, the planner, the pools and real PostgreSQL servers
 * under load. What a kubelet and a controller would write, the test writes.
 */
@RequiresPostgres
class KubernetesChainIT {
    private static final Duration SOON = Duration.ofSeconds(20);
    /** Settling 1 s, the move window of 8 s, and some room. */
    private static final Duration MOVED = Duration.ofSeconds(25);

    // A context's name, so that it is this file that is used even where the tests run in a Pod.
    private static final String TARGET = "k8s://fake/pg.default:pg";

    private FakeApiServer api;

    @BeforeEach
    void startApiServer() throws IOException {
        api = FakeApiServer.start(Speaks.HTTP_2);
        Path kubeconfig = Path.of(System.getenv("KUBECONFIG"));
        Files.createDirectories(kubeconfig.toAbsolutePath().getParent());
        api.writeKubeconfig(kubeconfig.toAbsolutePath().getParent(), FakeApiServer.TOKEN);
    }

    @AfterEach
    void stopApiServer() throws IOException {
        api.close();
    }

    private static Slice slice(List<PostgresServer> ready, List<PostgresServer> terminating) {
        Slice slice = Slice.of("pg-abcde", "pg");
        for (PostgresServer server : ready) {
            slice.endpoints(SliceEndpoint.ready(server.name(), server.host()));
        }
        for (PostgresServer server : terminating) {
            slice.endpoints(SliceEndpoint.terminating(server.name(), server.host()));
        }
        return slice.port("pg", ready.get(0).port());
    }

    private static EvenkeelDataSource dataSource(DataSourceBed bed, int size) {
        return bed.dataSource(size, builder -> builder.target(TARGET));
    }

    @Test
    void slice_events_scale_3_to_4_to_2_under_load_without_a_failed_query_and_with_the_fewest_moves() throws Exception {
        try (DataSourceBed bed = DataSourceBed.start("k8s-chain", 3)) {
            api.put(slice(bed.pods().servers(), List.of()));
            EvenkeelDataSource dataSource = dataSource(bed, 12);
            bed.awaitEven(12, bed.pods().servers(), SOON);
            assertThat(bed.accepted()).isEqualTo(12);
            try (Workload load = Workload.start(dataSource, 8)) {
                bed.pods().start("pg-3");
                List<PostgresServer> all = bed.pods().servers();
                api.put(slice(all, List.of()));
                bed.awaitEven(12, all, MOVED);
                assertThat(bed.accepted()).as("sessions opened for 3 → 4").isEqualTo(12 + 3);

                api.put(slice(all.subList(2, 4), all.subList(0, 2)));
                bed.awaitEven(12, all.subList(2, 4), MOVED);
                assertThat(bed.accepted()).as("sessions opened for 4 → 2").isEqualTo(12 + 3 + 6);

                all.get(0).stopFast();
                all.get(1).stopFast();
                api.put(slice(all.subList(2, 4), List.of()));
                long before = load.answered();
                await().atMost(SOON).until(() -> load.answered() > before + 100);
                assertThat(load.failures()).isEmpty();
                System.out.println("Scaled 3 → 4 → 2 by slice events: " + load.answered() + " queries, "
                        + load.failures().size() + " failed, " + bed.accepted() + " sessions opened (least: 21)");
            }
            assertThat(api.count(Verb.LIST)).isEqualTo(1);
            assertThat(api.count(Verb.WATCH)).isEqualTo(1);
        }
    }

    @Test
    void an_api_server_that_is_away_or_forgetful_reaches_no_query() throws Exception {
        try (DataSourceBed bed = DataSourceBed.start("k8s-away", 3)) {
            List<PostgresServer> three = bed.pods().servers();
            api.put(slice(three, List.of()));
            EvenkeelDataSource dataSource = dataSource(bed, 9);
            bed.awaitEven(9, three, SOON);
            try (Workload load = Workload.start(dataSource, 6)) {
                api.wire().away();
                api.compact();
                // What is written meanwhile is not heard of: the third Pod is gone from the slice, but it still serves.
                api.put(slice(three.subList(0, 2), List.of()));
                await().atMost(SOON).until(() -> dataSource.status().source().health() == SourceHealth.STALE);
                long before = load.answered();
                await().atMost(SOON).until(() -> load.answered() > before + 500);
                assertThat(bed.sessions()).hasSize(3);

                api.wire().back();
                bed.awaitEven(9, three.subList(0, 2), Duration.ofSeconds(60));
                assertThat(dataSource.status().source().health()).isEqualTo(SourceHealth.HEALTHY);
                assertThat(load.failures()).isEmpty();
            }
        }
    }

    @Test
    void five_pools_on_one_service_cost_one_list_and_one_watch() throws Exception {
        try (DataSourceBed bed = DataSourceBed.start("k8s-five", 2)) {
            api.put(slice(bed.pods().servers(), List.of()));
            List<EvenkeelDataSource> pools = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                pools.add(dataSource(bed, 2));
            }
            bed.awaitEven(10, bed.pods().servers(), SOON);
            bed.pods().start("pg-2");
            api.put(slice(bed.pods().servers(), List.of()));
            await().atMost(MOVED)
                    .until(() -> pools.stream()
                            .allMatch(pool -> pool.status().endpoints().size() == 3));
            assertThat(api.count(Verb.LIST)).isEqualTo(1);
            assertThat(api.count(Verb.WATCH)).isEqualTo(1);
            assertThat(api.wire().connections()).isEqualTo(1);
        }
    }
}

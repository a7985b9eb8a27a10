package io.evenkeel.kubernetes;

import static io.evenkeel.kubernetes.SourceBed.slice;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.CapturedLog;
import io.evenkeel.kubernetes.fake.FakeApiServer.Speaks;
import io.evenkeel.kubernetes.fake.Fault;
import io.evenkeel.kubernetes.fake.Verb;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Servers whose time goes back, that say something and then fail, or that answer late: never confidently wrong. */
@Tag("slow")
class TimeLineTest {

    private static final Duration AN_HOUR = Duration.ofHours(1);

    private static SourceBed watching(String... pods) throws Exception {
        SourceBed bed = new SourceBed(Speaks.HTTP_2);
        bed.server.put(slice("pg-a", pods));
        bed.server.skipRevisions(688);
        bed.start();
        bed.awaitPods(pods);
        bed.awaitWatch();
        bed.pass(SliceWatch.SETTLED.plusSeconds(1));
        return bed;
    }

    private static List<String> listVersions(SourceBed bed) {
        return bed.server.requests().stream()
                .filter(request -> request.verb() == Verb.LIST)
                .map(request -> request.query().getOrDefault("resourceVersion", "none"))
                .toList();
    }

    @Test
    void bookmarks_of_an_etcd_that_was_restored_confirm_nothing_and_lead_to_a_list_without_a_version()
            throws Exception {
        try (SourceBed bed = watching("pg-0", "pg-1")) {
            bed.server.setBack(267, slice("pg-a", "pg-7"));
            bed.server.bookmark();
            bed.pass(Duration.ofSeconds(2), "the truth", () -> bed.pods().equals(List.of("pg-7")));
            assertThat(listVersions(bed)).containsExactly("0", "none");
            assertThat(bed.watchedFrom().get(bed.watchedFrom().size() - 1)).isEqualTo("267");
        }
    }

    @Test
    void a_watch_that_is_resumed_on_a_restored_server_is_listed_anew_with_its_first_event() throws Exception {
        try (SourceBed bed = watching("pg-0", "pg-1")) {
            bed.server.setBack(267, slice("pg-a", "pg-7"));
            bed.server.endWatches();
            bed.pass(Duration.ofSeconds(2), "the next watch", () -> bed.server.count(Verb.WATCH) == 2);
            bed.server.put(slice("pg-b", "pg-8"));
            bed.pass(Duration.ofSeconds(2), "the truth", () -> bed.pods().equals(List.of("pg-7", "pg-8")));
            assertThat(listVersions(bed)).containsExactly("0", "none");
        }
    }

    @Test
    void a_restored_server_that_has_counted_on_is_found_by_the_list_of_every_hour_or_two() throws Exception {
        try (SourceBed bed = watching("pg-0", "pg-1")) {
            bed.server.setBack(900, slice("pg-a", "pg-7"));
            for (int minute = 0; minute < 131 && !bed.pods().equals(List.of("pg-7")); minute++) {
                bed.server.bookmark();
                bed.pass(Duration.ofMinutes(1));
                if (minute % 4 == 3) {
                    bed.server.endWatches();
                }
            }
            assertThat(bed.pods()).containsExactly("pg-7");
            assertThat(listVersions(bed))
                    .as("without a version, an hour or two after the first")
                    .containsExactly("0", "none");
        }
    }

    @Test
    void a_server_that_breaks_every_watch_after_its_first_bookmark_is_asked_ever_more_seldom() throws Exception {
        String bookmarkAt =
                "{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"EndpointSlice\",\"metadata\":{\"resourceVersion\":"
                        + "\"%d\"},\"endpoints\":null,\"ports\":null}}\n";
        String error = "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"message\":\"etcd\",\"code\":500}}\n";
        for (String end : List.of(error, "<html>502</html>\n", "", "{\"type\":")) {
            try (SourceBed bed = watching("pg-0")) {
                bed.server.failAlways(
                        Verb.WATCH, new Fault.Answer(200, Map.of(), bookmarkAt.formatted(bed.server.revision()) + end));
                bed.server.endWatches();
                int lists = bed.server.count(Verb.LIST);
                int watches = bed.server.count(Verb.WATCH);
                bed.pass(AN_HOUR);
                lists = bed.server.count(Verb.LIST) - lists;
                watches = bed.server.count(Verb.WATCH) - watches;
                System.out.printf(
                        "requests per hour, bookmark and then %-20s LIST %3d  WATCH %3d%n",
                        end.isEmpty()
                                ? "the end"
                                : end.substring(0, Math.min(18, end.length())).strip(),
                        lists,
                        watches);
                assertThat(lists).isLessThanOrEqualTo(240);
                assertThat(watches).isBetween(100, 240);
                assertThat(bed.complaint()).as("proved by its lists").isEmpty();
                assertThat(bed.trouble()).isNotEmpty();
                bed.server.heal();
                bed.server.put(slice("pg-a", "pg-0", "pg-1"));
                bed.pass(
                        Duration.ofSeconds(40),
                        "recovered",
                        () -> bed.pods().contains("pg-1") && bed.complaint().isEmpty());
            }
        }
    }

    @Test
    void a_list_of_twelve_seconds_is_waited_for() throws Exception {
        try (SourceBed bed = new SourceBed(Speaks.HTTP_2)) {
            bed.server.put(slice("pg-a", "pg-0"));
            bed.server.failNext(Verb.LIST, Fault.late());
            bed.start();
            bed.until("the list", () -> bed.server.count(Verb.LIST) == 1);
            bed.scheduler.advance(Duration.ofSeconds(12));
            bed.server.heal();
            bed.awaitPods("pg-0");
            bed.awaitWatch();
            assertThat(bed.asked()).isEqualTo("LIST WATCH");
        }
    }

    @Test
    void a_large_list_comes_in_pages_of_one_version() throws Exception {
        try (SourceBed bed = new SourceBed(Speaks.HTTP_2)) {
            for (int i = 0; i < 1_201; i++) {
                bed.server.put(slice("pg-" + i, "pg-" + i % 200));
            }
            bed.start();
            bed.until("a watch", () -> bed.server.count(Verb.WATCH) == 1);
            assertThat(bed.asked()).isEqualTo("LIST LIST LIST WATCH");
            assertThat(bed.server.requests())
                    .extracting(request -> request.query().containsKey("continue"))
                    .containsExactly(false, true, true, false);
            assertThat(bed.watchedFrom()).containsExactly("1202");
            bed.await("Pods", () -> bed.pods().size() == 200);
        }
    }

    @Test
    void a_refusal_of_some_seconds_is_no_reason_for_advice_and_one_that_lasts_is_a_single_warning() throws Exception {
        try (CapturedLog log = new CapturedLog();
                SourceBed bed = watching("pg-0")) {
            bed.server.forbid(Verb.LIST, Verb.WATCH);
            bed.server.endWatches();
            bed.pass(Duration.ofSeconds(8));
            assertThat(bed.complaint()).contains("may not ").doesNotContain("kind: Role");
            assertThat(log.linesWith("WARN io.evenkeel.kubernetes")).isEmpty();
            bed.server.forbid();
            bed.pass(Duration.ofSeconds(60), "recovered", () -> bed.complaint().isEmpty());

            bed.server.forbid(Verb.LIST, Verb.WATCH);
            bed.server.endWatches();
            bed.pass(Duration.ofMinutes(10));
            assertThat(bed.complaint()).contains("may not ", "kind: Role");
            assertThat(log.linesWith("WARN io.evenkeel.kubernetes")).hasSize(1);
        }
    }

    @Test
    void a_slice_with_a_fault_makes_it_stale_by_the_name_of_the_field_until_it_is_mended() throws Exception {
        try (SourceBed bed = watching("pg-0")) {
            bed.server.put(io.evenkeel.kubernetes.fake.Slice.of("pg-a", "pg")
                    .port("pg", 70_000)
                    .ready("pg-0", "10.0.0.1"));
            bed.await("a fault", () -> !bed.complaint().isEmpty());
            assertThat(bed.complaint())
                    .isEqualTo("Service pg in namespace default: EndpointSlice pg-a: ports[0].port: 70000"
                            + " (expected: 1 to 65535)");
            bed.server.put(slice("pg-b", "pg-1"));
            bed.pass(Duration.ofSeconds(2));
            assertThat(bed.complaint()).contains("70000");
            bed.server.put(slice("pg-a", "pg-0", "pg-2"));
            bed.await("mended", () -> bed.complaint().isEmpty());
            bed.awaitPods("pg-0", "pg-1", "pg-2");
        }
    }

    @Test
    void a_half_open_connection_over_http_2_is_found_by_a_ping_without_any_other_time_passing(
            @org.junit.jupiter.api.io.TempDir java.nio.file.Path directory) throws Exception {
        try (SourceBed bed = new SourceBed(Speaks.HTTP_2)) {
            bed.server.put(slice("pg-a", "pg-0"));
            var kubeconfig = bed.server.writeKubeconfig(directory, io.evenkeel.kubernetes.fake.FakeApiServer.TOKEN);
            bed.start(builder -> builder.kubeconfig(kubeconfig)
                    .environment(
                            new ApiEnvironment(Map.of(), directory, Duration.ofSeconds(10), Duration.ofMillis(300))));
            bed.awaitPods("pg-0");
            bed.awaitWatch();
            bed.scheduler.advance(SliceWatch.SETTLED.plusSeconds(1));
            bed.server.wire().freezeEstablished();
            bed.await("its end", () -> bed.scheduler.pending().stream().allMatch(wait -> wait.toSeconds() < 2));
            bed.server.put(slice("pg-a", "pg-0", "pg-1"));
            bed.pass(Duration.ofSeconds(5), "the change", () -> bed.pods().contains("pg-1"));
            assertThat(ApiEnvironment.ofThisProcess().ping().multipliedBy(2))
                    .as("found within")
                    .isBetween(Duration.ofSeconds(30), Duration.ofSeconds(60));
        }
    }

    @Test
    void several_clusters_and_namespaces_in_one_process_are_watched_each_for_itself(
            @org.junit.jupiter.api.io.TempDir java.nio.file.Path directory) throws Exception {
        try (SourceBed here = new SourceBed(Speaks.HTTP_2);
                SourceBed there = new SourceBed(Speaks.HTTP_1_1)) {
            here.server.put(slice("pg-a", "pg-0"));
            here.server.put("shop", slice("pg-b", "pg-1").json());
            there.server.put(slice("pg-c", "pg-2"));
            var file = java.nio.file.Files.writeString(directory.resolve("kubeconfig"), """
                    current-context: one
                    clusters:
                    - {name: one, cluster: {server: "%s", insecure-skip-tls-verify: true}}
                    - {name: two, cluster: {server: "%s", insecure-skip-tls-verify: true}}
                    contexts:
                    - {name: one, context: {cluster: one, user: app}}
                    - {name: two, context: {cluster: two, user: app}}
                    users: [{name: app, user: {token: %s}}]
                    """.formatted(
                            here.server.url(), there.server.url(), io.evenkeel.kubernetes.fake.FakeApiServer.TOKEN));
            List<String> seen = new java.util.concurrent.CopyOnWriteArrayList<>();
            for (String target : List.of("k8s:///pg.default:pg", "k8s:///pg.shop:pg", "k8s://two/pg.default:pg")) {
                KubernetesEndpointSource source = KubernetesEndpointSource.builder(target)
                        .kubeconfig(file)
                        .build(here.context());
                here.closing(source);
                source.start(report -> {
                    if (report instanceof io.evenkeel.source.EndpointSource.Endpoints endpoints) {
                        seen.add(target + " " + SourceBed.names(endpoints.endpoints()));
                    }
                });
            }
            here.await("all three", () -> seen.size() >= 3);
            assertThat(seen)
                    .contains(
                            "k8s:///pg.default:pg [pg-0]",
                            "k8s:///pg.shop:pg [pg-1]",
                            "k8s://two/pg.default:pg [pg-2]");
            assertThat(here.server.count(Verb.LIST)).isEqualTo(2);
            assertThat(there.server.count(Verb.LIST)).isEqualTo(1);
        }
    }
}

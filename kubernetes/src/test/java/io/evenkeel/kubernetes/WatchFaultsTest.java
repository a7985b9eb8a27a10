package io.evenkeel.kubernetes;

import static io.evenkeel.kubernetes.SourceBed.leaving;
import static io.evenkeel.kubernetes.SourceBed.slice;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.evenkeel.kubernetes.fake.FakeApiServer.Speaks;
import io.evenkeel.kubernetes.fake.Fault;
import io.evenkeel.kubernetes.fake.Slice;
import io.evenkeel.kubernetes.fake.Verb;
import io.evenkeel.kubernetes.fake.WatchStream;
import io.evenkeel.source.EndpointSource;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What can go wrong while a watch is open, and that the source knows the Pods again afterwards. */
@Tag("slow")
@Timeout(60)
class WatchFaultsTest {

    /** Longer than any back-off after a first failure. */
    private static final Duration A_RETRY = Duration.ofSeconds(30);

    private static SourceBed watching(Speaks speaks, String... pods) throws Exception {
        SourceBed bed = new SourceBed(speaks);
        bed.server.put(slice("pg-a", pods));
        bed.start();
        bed.awaitPods(pods);
        bed.awaitWatch();
        // A watch that ends as soon as it has begun counts as refused.
        bed.pass(SliceWatch.SETTLED.plusSeconds(1));
        return bed;
    }

    private static void becomes(SourceBed bed, String... pods) {
        List<String> expected = List.of(pods);
        bed.pass(A_RETRY, "Pods " + expected, () -> bed.pods().equals(expected));
    }

    @ParameterizedTest
    @EnumSource(Speaks.class)
    void every_change_of_a_slice_is_reported(Speaks speaks) throws Exception {
        try (SourceBed bed = watching(speaks, "pg-0", "pg-1")) {
            bed.server.put(slice("pg-a", "pg-0", "pg-1", "pg-2"));
            bed.awaitPods("pg-0", "pg-1", "pg-2");
            bed.server.put(leaving(slice("pg-a", "pg-1", "pg-2"), "pg-0"));
            bed.awaitPods("pg-0-", "pg-1", "pg-2");
            bed.server.put(slice("pg-a", "pg-1", "pg-2"));
            bed.awaitPods("pg-1", "pg-2");
            assertThat(bed.asked()).isEqualTo("LIST WATCH");
        }
    }

    @ParameterizedTest
    @EnumSource(Speaks.class)
    void an_expired_version_as_an_event_in_a_200_stream_makes_it_list_again(Speaks speaks) throws Exception {
        try (SourceBed bed = watching(speaks, "pg-0")) {
            bed.server.expireWatches();
            bed.until("the watch has ended", () -> bed.server.watches().isEmpty());
            bed.server.put(slice("pg-a", "pg-0", "pg-1"));
            bed.server.compact();
            becomes(bed, "pg-0", "pg-1");
            bed.awaitWatch();
            assertThat(bed.server.count(Verb.LIST)).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @EnumSource(Speaks.class)
    void an_expired_version_as_a_status_makes_it_list_again(Speaks speaks) throws Exception {
        try (SourceBed bed = watching(speaks, "pg-0")) {
            bed.server.failNext(Verb.WATCH, Fault.gone());
            bed.server.endWatches();
            bed.until("the watch has ended", () -> bed.server.watches().isEmpty());
            bed.server.put(slice("pg-a", "pg-0", "pg-1"));
            bed.server.compact();
            becomes(bed, "pg-0", "pg-1");
            assertThat(bed.server.count(Verb.LIST)).isEqualTo(2);
        }
    }

    @Test
    void any_other_error_event_makes_it_list_again_too() throws Exception {
        try (SourceBed bed = watching(Speaks.HTTP_2, "pg-0")) {
            bed.server.send("{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},"
                    + "\"status\":\"Failure\",\"message\":\"etcd event received with PrevKv=nil\",\"code\":500}}\n");
            bed.pass(A_RETRY, "a second list", () -> bed.server.count(Verb.LIST) == 2);
            bed.server.put(slice("pg-a", "pg-0", "pg-1"));
            becomes(bed, "pg-0", "pg-1");
        }
    }

    @ParameterizedTest
    @EnumSource(Speaks.class)
    void a_watch_that_ends_in_good_order_goes_on_where_it_was_without_a_list(Speaks speaks) throws Exception {
        try (SourceBed bed = watching(speaks, "pg-0")) {
            bed.server.put(slice("pg-a", "pg-0", "pg-1"));
            bed.awaitPods("pg-0", "pg-1");
            bed.server.endWatches();
            bed.until("the watch has ended", () -> bed.server.watches().isEmpty());
            bed.server.put(slice("pg-a", "pg-1"));
            becomes(bed, "pg-1");
            assertThat(bed.server.count(Verb.LIST)).isEqualTo(1);
            assertThat(bed.watchedFrom()).containsExactly("2", "3");
        }
    }

    @Test
    void after_a_bookmark_it_goes_on_from_there() throws Exception {
        try (SourceBed bed = watching(Speaks.HTTP_2, "pg-0")) {
            bed.server.skipRevisions(1000);
            bed.server.bookmark();
            bed.server.compact();
            bed.server.endWatches();
            bed.pass(A_RETRY, "a second watch", () -> bed.server.count(Verb.WATCH) == 2);
            assertThat(bed.watchedFrom()).containsExactly("2", "1002");
            assertThat(bed.server.count(Verb.LIST)).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource(Speaks.class)
    void after_a_connection_reset_it_goes_on_where_it_was(Speaks speaks) throws Exception {
        try (SourceBed bed = watching(speaks, "pg-0")) {
            bed.server.wire().resetEstablished();
            bed.server.put(slice("pg-a", "pg-0", "pg-1"));
            becomes(bed, "pg-0", "pg-1");
            bed.pass(SliceWatch.SETTLED.plusSeconds(1));
            bed.server.wire().resetEstablished();
            bed.server.put(slice("pg-a", "pg-1"));
            becomes(bed, "pg-1");
            assertThat(bed.server.count(Verb.LIST)).isEqualTo(1);
            assertThat(bed.reports).as("a hiccup is no word worth").noneMatch(EndpointSource.Failed.class::isInstance);
        }
    }

    @ParameterizedTest
    @EnumSource(Speaks.class)
    void a_half_open_connection_is_noticed_and_replaced(Speaks speaks) throws Exception {
        try (SourceBed bed = watching(speaks, "pg-0")) {
            int before = bed.server.wire().accepted();
            bed.server.wire().freezeEstablished();
            bed.server.put(slice("pg-a", "pg-0", "pg-1"));
            // longer than any watch may last
            bed.pass(
                    Duration.ofMinutes(11),
                    "the change behind the silence",
                    () -> bed.pods().contains("pg-1"));
            assertThat(bed.server.wire().accepted()).isGreaterThan(before);
        }
    }

    @ParameterizedTest
    @EnumSource(Speaks.class)
    void a_server_that_accepts_and_then_says_nothing_is_given_up_and_tried_again(Speaks speaks) throws Exception {
        try (SourceBed bed = watching(speaks, "pg-0")) {
            bed.server.wire().silent();
            bed.server.put(slice("pg-a", "pg-0", "pg-1"));
            bed.pass(Duration.ofMinutes(12));
            assertThat(bed.pods()).containsExactly("pg-0");
            assertThat(bed.complaint()).isNotEmpty();
            bed.server.wire().back();
            bed.pass(
                    Duration.ofMinutes(5),
                    "the change after the silence",
                    () -> bed.pods().contains("pg-1"));
        }
    }

    @ParameterizedTest
    @EnumSource(Speaks.class)
    void an_event_that_drips_in_byte_by_byte_is_waited_for(Speaks speaks) throws Exception {
        try (SourceBed bed = watching(speaks, "pg-0")) {
            bed.server.wire().drip(7, Duration.ofNanos(100_000));
            bed.server.put(slice("pg-a", "pg-0", "pg-1"));
            bed.awaitPods("pg-0", "pg-1");
            assertThat(bed.asked()).isEqualTo("LIST WATCH");
        }
    }

    @ParameterizedTest
    @EnumSource(Speaks.class)
    void an_event_that_drips_for_longer_than_silence_may_last_is_given_up_and_comes_again(Speaks speaks)
            throws Exception {
        try (SourceBed bed = watching(speaks, "pg-0")) {
            // A byte now and then, so that the connection is never idle: an event of a few hundred takes
            // minutes of real time.
            bed.server.wire().drip(1, Duration.ofMillis(200));
            bed.server.put(slice("pg-a", "pg-0", "pg-1"));
            bed.pass(SliceWatch.SILENCE.minus(SliceWatch.SETTLED).minusSeconds(5));
            assertThat(bed.complaint()).as("before its time is over").isEmpty();
            bed.pass(
                    Duration.ofSeconds(10),
                    "the end of patience",
                    () -> bed.complaint().contains("silent for PT2M"));
            assertThat(bed.pods()).containsExactly("pg-0");
            bed.server.wire().drip(8192, Duration.ZERO);
            becomes(bed, "pg-0", "pg-1");
            assertThat(bed.server.count(Verb.LIST))
                    .as("after a failure that was reported only a list is proof")
                    .isEqualTo(2);
        }
    }

    @ParameterizedTest
    @EnumSource(Speaks.class)
    void an_event_that_ends_in_the_middle_changes_nothing_and_comes_again(Speaks speaks) throws Exception {
        try (SourceBed bed = watching(speaks, "pg-0")) {
            bed.server.failNext(Verb.WATCH, Fault.truncated());
            bed.server.endWatches();
            bed.pass(A_RETRY, "two more watches", () -> bed.server.count(Verb.WATCH) == 3);
            assertThat(bed.pods()).containsExactly("pg-0");
            bed.server.put(slice("pg-a", "pg-0", "pg-1"));
            becomes(bed, "pg-0", "pg-1");
        }
    }

    @Test
    void a_line_that_is_no_json_changes_nothing_and_the_watch_is_made_anew() throws Exception {
        try (SourceBed bed = watching(Speaks.HTTP_2, "pg-0")) {
            bed.server.send("<html>502 from a proxy in between</html>\n");
            bed.pass(A_RETRY, "another watch", () -> bed.server.count(Verb.WATCH) == 2);
            assertThat(bed.server.count(Verb.LIST))
                    .as("watched from the same version, it would come again")
                    .isEqualTo(2);
            bed.server.put(slice("pg-a", "pg-0", "pg-1"));
            becomes(bed, "pg-0", "pg-1");
        }
    }

    @Test
    void a_version_that_is_always_expired_is_no_reason_to_list_without_a_pause() throws Exception {
        try (SourceBed bed = watching(Speaks.HTTP_2, "pg-0")) {
            bed.server.failAlways(Verb.WATCH, Fault.gone());
            bed.server.endWatches();
            bed.pass(Duration.ofMinutes(2));
            assertThat(bed.server.count(Verb.LIST)).as("lists: %s", bed.asked()).isBetween(4, 16);
            assertThat(bed.trouble()).contains("too old resource version");
            assertThat(bed.pods()).containsExactly("pg-0");
        }
    }

    @Test
    void a_watch_that_always_ends_as_soon_as_it_begins_is_not_begun_again_without_a_pause() throws Exception {
        try (SourceBed bed = watching(Speaks.HTTP_2, "pg-0")) {
            bed.server.failAlways(Verb.WATCH, new Fault.Answer(200, Map.of(), ""));
            bed.server.endWatches();
            bed.pass(Duration.ofMinutes(2));
            assertThat(bed.server.count(Verb.WATCH))
                    .as("watches: %s", bed.asked())
                    .isBetween(4, 16);
            assertThat(bed.trouble()).contains("ended the watch soon after it had begun");
            assertThat(bed.pods()).containsExactly("pg-0");
        }
    }

    @Test
    void a_watch_that_goes_on_after_its_agreed_end_is_made_anew_though_it_is_not_silent() throws Exception {
        try (SourceBed bed = watching(Speaks.HTTP_2, "pg-0")) {
            for (int minute = 0; minute < 12; minute++) {
                bed.server.bookmark();
                bed.pass(Duration.ofMinutes(1));
            }
            assertThat(bed.server.count(Verb.WATCH)).isGreaterThan(1);
            assertThat(bed.server.count(Verb.LIST)).isEqualTo(bed.server.count(Verb.WATCH));
        }
    }

    @Test
    void a_server_that_was_set_back_to_a_backup_is_listed_without_a_version() throws Exception {
        try (SourceBed bed = watching(Speaks.HTTP_2, "pg-0")) {
            Fault behind = Fault.status(504, "Timeout", "Too large resource version: 2, current: 1");
            bed.server.failNext(Verb.WATCH, behind);
            bed.server.failNext(Verb.LIST, behind);
            bed.server.endWatches();
            bed.pass(A_RETRY, "a third list", () -> bed.server.count(Verb.LIST) == 3);
            bed.awaitWatch();
            bed.await("no complaint", () -> bed.complaint().isEmpty());
            assertThat(bed.server.requests())
                    .filteredOn(request -> request.verb() == Verb.LIST)
                    .extracting(request -> request.query().getOrDefault("resourceVersion", "none"))
                    .containsExactly("0", "2", "none");
        }
    }

    private static String event(String type, Slice slice, long revision) {
        JsonObject object = slice.json();
        object.getAsJsonObject("metadata").addProperty("resourceVersion", Long.toString(revision));
        JsonObject event = new JsonObject();
        event.addProperty("type", type);
        event.add("object", object);
        return event + "\n";
    }

    @Test
    void an_event_that_comes_twice_or_late_does_not_turn_time_back() throws Exception {
        try (SourceBed bed = watching(Speaks.HTTP_2, "pg-0")) {
            WatchStream watch = bed.awaitWatch();
            bed.server.put(slice("pg-a", "pg-0", "pg-1"));
            bed.server.put(slice("pg-a", "pg-0", "pg-1", "pg-2"));
            long newest = bed.server.revision();
            watch.text(event("MODIFIED", slice("pg-a", "pg-0", "pg-1", "pg-2"), newest));
            bed.awaitPods("pg-0", "pg-1", "pg-2");
            watch.text(event("MODIFIED", slice("pg-a", "pg-0", "pg-1"), newest - 1));
            bed.pass(
                    A_RETRY,
                    "a list, since a watch sends nothing that is late",
                    () -> bed.server.count(Verb.LIST) == 2);
            bed.server.put(slice("pg-b", "pg-3"));
            becomes(bed, "pg-0", "pg-1", "pg-2", "pg-3");
            assertThat(bed.reports)
                    .filteredOn(EndpointSource.Endpoints.class::isInstance)
                    .as("never fewer than before")
                    .extracting(report ->
                            ((EndpointSource.Endpoints) report).endpoints().size())
                    .isSorted();
        }
    }

    @Test
    void an_event_that_is_late_neither_brings_a_slice_back_nor_takes_a_new_one_away() throws Exception {
        try (SourceBed bed = watching(Speaks.HTTP_2, "pg-0")) {
            bed.server.put(slice("pg-b", "pg-1"));
            bed.awaitPods("pg-0", "pg-1");
            bed.server.delete("default", "pg-b");
            bed.awaitPods("pg-0");
            bed.awaitWatch().text(event("ADDED", slice("pg-b", "pg-1"), bed.server.revision() - 1));
            bed.pass(A_RETRY, "a second list", () -> bed.server.count(Verb.LIST) == 2);
            bed.server.put(slice("pg-c", "pg-2"));
            becomes(bed, "pg-0", "pg-2");
            bed.awaitWatch().text(event("DELETED", slice("pg-c", "pg-2"), bed.server.revision() - 1));
            bed.server.put(slice("pg-d", "pg-3"));
            becomes(bed, "pg-0", "pg-2", "pg-3");
            assertThat(bed.reports)
                    .filteredOn(EndpointSource.Endpoints.class::isInstance)
                    .as("pg-1 never came back")
                    .extracting(report -> SourceBed.names(((EndpointSource.Endpoints) report).endpoints()))
                    .endsWith(List.of("pg-0", "pg-2", "pg-3"))
                    .filteredOn(names -> names.contains("pg-1") && names.contains("pg-2"))
                    .isEmpty();
        }
    }

    @Test
    void a_pod_that_moves_between_slices_is_there_once_in_either_order_of_events() throws Exception {
        try (SourceBed bed = watching(Speaks.HTTP_2, "pg-0", "pg-1")) {
            bed.server.put(slice("pg-b", "pg-1", "pg-2"));
            bed.awaitPods("pg-0", "pg-1", "pg-2");
            bed.server.put(slice("pg-a", "pg-0"));
            bed.server.put(slice("pg-b", "pg-2"));
            bed.awaitPods("pg-0", "pg-2");
            bed.server.put(slice("pg-a", "pg-0", "pg-1"));
            bed.awaitPods("pg-0", "pg-1", "pg-2");
        }
    }

    @Test
    void a_slice_deleted_and_made_again_under_its_name_counts_as_it_is_now() throws Exception {
        try (SourceBed bed = watching(Speaks.HTTP_2, "pg-0")) {
            bed.server.put(slice("pg-b", "pg-1"));
            bed.awaitPods("pg-0", "pg-1");
            bed.server.delete("default", "pg-a");
            bed.server.put(slice("pg-a", "pg-2"));
            bed.awaitPods("pg-1", "pg-2");
            bed.server.delete("default", "pg-a");
            bed.awaitPods("pg-1");
        }
    }

    @Test
    void a_deleted_service_is_missing_and_nobody_is_reported_gone() throws Exception {
        try (SourceBed bed = watching(Speaks.HTTP_2, "pg-0")) {
            bed.server.delete("default", "pg-a");
            bed.await("missing", () -> bed.last() instanceof EndpointSource.Missing);
            assertThat(bed.complaint()).contains("pg").contains("default").contains("EndpointSlice");
            assertThat(bed.pods()).containsExactly("pg-0");
            bed.server.put(slice("pg-x", "pg-5"));
            bed.awaitPods("pg-5");
        }
    }

    @Test
    void fields_and_events_of_later_versions_are_ignored() throws Exception {
        try (SourceBed bed = new SourceBed(Speaks.HTTP_2)) {
            JsonObject unknown = new JsonObject();
            unknown.addProperty("since", "1.99");
            bed.server.put(slice("pg-a", "pg-0").with("quantumHints", unknown));
            bed.start();
            bed.awaitPods("pg-0");
            bed.awaitWatch();
            bed.server.send("{\"type\":\"SPLIT\",\"object\":{\"kind\":\"EndpointSlice\",\"metadata\":{}}}\n");
            bed.server.put(slice("pg-a", "pg-0", "pg-1").with("quantumHints", unknown));
            becomes(bed, "pg-0", "pg-1");
        }
    }

    @Test
    void an_emptied_slice_is_an_empty_answer_and_not_a_missing_service() throws Exception {
        try (SourceBed bed = watching(Speaks.HTTP_2, "pg-0")) {
            bed.server.put(Slice.of("pg-a", "pg"));
            bed.awaitPods();
            assertThat(bed.complaint()).isEmpty();
        }
    }

    @Test
    void watches_last_five_to_ten_minutes_at_random_and_allow_bookmarks() throws Exception {
        try (SourceBed bed = watching(Speaks.HTTP_2, "pg-0")) {
            for (int i = 2; i <= 6; i++) {
                int count = i;
                bed.server.endWatches();
                bed.pass(A_RETRY, "the next watch", () -> bed.server.count(Verb.WATCH) == count);
                bed.pass(SliceWatch.SETTLED.plusSeconds(1));
            }
            assertThat(bed.server.requests())
                    .filteredOn(request -> request.verb() == Verb.WATCH)
                    .allSatisfy(request -> {
                        assertThat(request.asks("allowWatchBookmarks")).isTrue();
                        assertThat(Long.parseLong(request.query().get("timeoutSeconds")))
                                .isBetween(300L, 600L);
                    })
                    .extracting(request -> request.query().get("timeoutSeconds"))
                    .doesNotHaveDuplicates();
        }
    }

    @ParameterizedTest
    @EnumSource(Speaks.class)
    void closing_ends_the_watch_and_leaves_no_thread(Speaks speaks) throws Exception {
        try (SourceBed bed = new SourceBed(speaks)) {
            bed.server.put(slice("pg-a", "pg-0"));
            KubernetesEndpointSource source = bed.start();
            bed.awaitPods("pg-0");
            bed.awaitWatch();
            source.close();
            int told = bed.reports.size();
            bed.until(
                    "no thread of ours",
                    () -> Thread.getAllStackTraces().keySet().stream()
                            .noneMatch(thread -> thread.getName().startsWith("evenkeel-")));
            bed.server.put(slice("pg-a", "pg-0", "pg-1"));
            bed.pass(Duration.ofMinutes(1));
            assertThat(bed.reports).hasSize(told);
            assertThat(bed.asked()).isEqualTo("LIST WATCH");
        }
    }
}

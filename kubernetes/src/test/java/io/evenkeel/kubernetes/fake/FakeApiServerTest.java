package io.evenkeel.kubernetes.fake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import io.evenkeel.kubernetes.fake.FakeApiServer.Speaks;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The fake against the recordings: what a test sees here is what a real API server sends. */
@Timeout(60)
class FakeApiServerTest {

    private static final String SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";
    private static final String OF_PG = "labelSelector=kubernetes.io%2Fservice-name%3Dpg";

    private static RawClient client(FakeApiServer server, Speaks speaks) throws Exception {
        return new RawClient(server, speaks == Speaks.HTTP_2 ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1);
    }

    private static String watch(long from) {
        return SLICES + "?watch=true&allowWatchBookmarks=true&" + OF_PG + "&resourceVersion=" + from;
    }

    private static String list(long revision, List<JsonObject> items) {
        JsonObject metadata = new JsonObject();
        metadata.addProperty("resourceVersion", Long.toString(revision));
        return Json.line(new Kind("EndpointSlice", "discovery.k8s.io/v1").list(metadata, items));
    }

    private static BufferedReader lines(HttpResponse<InputStream> response) {
        return new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8));
    }

    @ParameterizedTest
    @CsvSource({
        "HTTP_1_1, pg-1-list.json",
        "HTTP_2, pg-1-list.json",
        "HTTP_1_1, big-1-list-230-pods.json",
        "HTTP_2, big-3-list-after-scale-down.json"
    })
    void a_recorded_list_is_repeated_byte_for_byte(Speaks speaks, String file) throws Exception {
        try (FakeApiServer server = FakeApiServer.start(speaks)) {
            server.restore(Recording.text(file));
            String service = file.substring(0, file.indexOf('-'));

            HttpResponse<String> list = client(server, speaks)
                    .get(SLICES + "?pretty=true&labelSelector=kubernetes.io%2Fservice-name%3D" + service);

            assertThat(list.body()).isEqualTo(Recording.text(file));
            assertThat(list.version())
                    .isEqualTo(speaks == Speaks.HTTP_2 ? HttpClient.Version.HTTP_2 : HttpClient.Version.HTTP_1_1);
        }
    }

    @ParameterizedTest
    @EnumSource(Speaks.class)
    void a_recorded_watch_is_repeated_byte_for_byte(Speaks speaks) throws Exception {
        List<String> recorded = Recording.lines("pg-2-watch-scale-3-5-rolling-2-0-delete.ndjson");
        try (FakeApiServer server = FakeApiServer.start(speaks)) {
            server.restore(Recording.text("pg-1-list.json"));
            try (BufferedReader lines = lines(client(server, speaks).open(watch(322)))) {
                for (String line : recorded) {
                    server.replay(line);
                    assertThat(lines.readLine()).isEqualTo(line);
                }
                server.endWatches();
                assertThat(lines.readLine()).isNull();
            }
        }
    }

    @Test
    void a_watch_that_begins_late_gets_what_it_missed_in_order() throws Exception {
        List<String> recorded = Recording.lines("big-2-watch.ndjson.gz");
        try (FakeApiServer server = FakeApiServer.start(Speaks.HTTP_2)) {
            // Before the first event there was this slice, without its one endpoint.
            JsonObject first = Json.object(recorded.get(0)).getAsJsonObject("object");
            long before = Json.revision(first) - 1;
            server.restore(list(before, List.of(first)));
            recorded.forEach(server::replay);

            String path = SLICES + "?watch=1&allowWatchBookmarks=1&resourceVersion=" + before;
            List<String> got = new ArrayList<>();
            try (BufferedReader lines = lines(client(server, Speaks.HTTP_2).open(path))) {
                for (int i = 0; i < recorded.size(); i++) {
                    got.add(lines.readLine());
                }
            }
            assertThat(got).isEqualTo(recorded);
        }
    }

    @Test
    void a_list_within_a_watch_is_repeated_byte_for_byte() throws Exception {
        List<String> recorded = Recording.lines("watchlist.ndjson");
        try (FakeApiServer server = FakeApiServer.start(Speaks.HTTP_2)) {
            List<JsonObject> items = recorded.subList(0, recorded.size() - 1).stream()
                    .map(line -> Json.object(line).getAsJsonObject("object"))
                    .toList();
            server.restore(list(1597, items));

            String path = SLICES + "?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                    + "&allowWatchBookmarks=true&labelSelector=kubernetes.io%2Fservice-name%3Dbig";
            try (BufferedReader lines = lines(client(server, Speaks.HTTP_2).open(path))) {
                for (String line : recorded) {
                    assertThat(lines.readLine()).isEqualTo(line);
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Speaks.class)
    void a_watch_from_before_a_compaction_gets_the_recorded_error_in_a_200_stream(Speaks speaks) throws Exception {
        try (FakeApiServer server = FakeApiServer.start(speaks)) {
            server.skipRevisions(437);
            server.compact();

            HttpResponse<InputStream> response = client(server, speaks).open(watch(5));

            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(new String(response.body().readAllBytes(), StandardCharsets.UTF_8))
                    .isEqualTo(Recording.text("err-410-watch-too-old.ndjson"));
            assertThat(response.headers().map().keySet())
                    .containsAll(Recording.lines("err-410.headers").stream()
                            .filter(line -> line.contains(": ") && !line.startsWith("date"))
                            .map(line -> line.substring(0, line.indexOf(':')))
                            .toList());
        }
    }

    @Test
    void refusals_are_the_recorded_ones() throws Exception {
        try (FakeApiServer server = FakeApiServer.start(Speaks.HTTP_2)) {
            RawClient client = client(server, Speaks.HTTP_2);
            server.forbid(Verb.LIST);
            HttpResponse<String> forbidden = client.get(SLICES + "?pretty=true");
            server.rotateToken("another");
            HttpResponse<String> unauthorized = client.get(SLICES + "?pretty=true");

            assertThat(forbidden.statusCode()).isEqualTo(403);
            assertThat(forbidden.body()).isEqualTo(Recording.text("err-403-no-rbac.json"));
            assertThat(unauthorized.statusCode()).isEqualTo(401);
            assertThat(unauthorized.body()).isEqualTo(Recording.text("err-401.json"));
            assertThat(client.getAs("another", SLICES).statusCode()).isEqualTo(403);
        }
    }

    @Test
    void a_selector_hides_what_it_does_not_match_and_a_changed_label_looks_like_a_deletion() throws Exception {
        try (FakeApiServer server = FakeApiServer.start(Speaks.HTTP_2)) {
            try (BufferedReader lines = lines(client(server, Speaks.HTTP_2).open(watch(1)))) {
                server.put(Slice.of("other-1", "other").port("pg", 5432).ready("o-0", "10.0.0.9"));
                server.put(Slice.of("pg-1", "pg").port("pg", 5432).ready("pg-0", "10.0.0.1"));
                server.put(Slice.of("pg-1", "other"));
                server.bookmark();
                assertThat(lines.readLine()).startsWith("{\"type\":\"ADDED\"").contains("pg-1");
                assertThat(lines.readLine()).startsWith("{\"type\":\"DELETED\"").contains("pg-1");
                assertThat(lines.readLine())
                        .isEqualTo("{\"type\":\"BOOKMARK\",\"object\":{\"kind\":\"EndpointSlice\","
                                + "\"apiVersion\":\"discovery.k8s.io/v1\",\"metadata\":{\"resourceVersion\":\"4\"},"
                                + "\"addressType\":\"\",\"endpoints\":null,\"ports\":null}}");
            }
        }
    }

    @Test
    void a_list_comes_in_pages_where_they_are_asked_for() throws Exception {
        try (FakeApiServer server = FakeApiServer.start(Speaks.HTTP_2)) {
            for (String name : List.of("a", "b", "c")) {
                server.put(Slice.of(name, "pg"));
            }
            RawClient client = client(server, Speaks.HTTP_2);
            JsonObject first = Json.object(client.get(SLICES + "?limit=2").body());
            String token = Json.metadata(first).get("continue").getAsString();
            JsonObject second = Json.object(
                    client.get(SLICES + "?limit=2&continue=" + token).body());
            assertThat(first.getAsJsonArray("items")).hasSize(2);
            assertThat(second.getAsJsonArray("items")).hasSize(1);
            assertThat(Json.metadata(second).has("continue")).isFalse();
        }
    }

    @Test
    void objects_are_created_patched_and_deleted_with_their_namespace() throws Exception {
        try (FakeApiServer server = FakeApiServer.start(Speaks.HTTP_2)) {
            RawClient client = client(server, Speaks.HTTP_2);
            String pods = "/api/v1/namespaces/test/pods";
            client.send("POST", "/api/v1/namespaces", "{\"metadata\":{\"name\":\"test\"}}");
            HttpResponse<String> created = client.send("POST", pods, "{\"metadata\":{\"generateName\":\"pg-\"}}");
            String pod = Json.name(Json.object(created.body()));
            client.send("PATCH", pods + "/" + pod + "/status", "{\"status\":{\"phase\":\"Running\"}}");

            assertThat(created.statusCode()).isEqualTo(201);
            assertThat(client.get(pods + "/" + pod).body()).contains("\"phase\":\"Running\"");
            assertThat(client.send("DELETE", "/api/v1/namespaces/test", "").statusCode())
                    .isEqualTo(200);
            assertThat(client.get(pods + "/" + pod).statusCode()).isEqualTo(404);
        }
    }

    @ParameterizedTest
    @EnumSource(Speaks.class)
    void the_wire_breaks_freezes_and_serves_again(Speaks speaks) throws Exception {
        try (FakeApiServer server = FakeApiServer.start(speaks)) {
            RawClient client = client(server, speaks);
            try (BufferedReader lines = lines(client.open(watch(1)))) {
                server.wire().away();
                assertThatThrownBy(lines::readLine).isInstanceOf(IOException.class);
            }
            assertThatThrownBy(() -> client.get(SLICES)).isInstanceOf(IOException.class);
            server.wire().back();
            assertThat(client.get(SLICES).statusCode()).isEqualTo(200);
        }
    }

    @Test
    void a_certificate_that_has_ended_or_names_another_host_is_refused_by_clients() throws Exception {
        for (FakeApiServer.Certificate bad : List.of(
                FakeApiServer.Certificate.EXPIRED,
                FakeApiServer.Certificate.NOT_YET_VALID,
                FakeApiServer.Certificate.OTHER_HOST)) {
            try (FakeApiServer server = FakeApiServer.start(Speaks.HTTP_2, bad)) {
                RawClient client = client(server, Speaks.HTTP_2);
                assertThatThrownBy(() -> client.get(SLICES)).as("%s", bad).isInstanceOf(SSLHandshakeException.class);
            }
        }
    }
}

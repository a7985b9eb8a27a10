package io.evenkeel.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.kubernetes.ApiObject.ApiStatus;
import io.evenkeel.kubernetes.ApiObject.WatchEvent;
import io.evenkeel.kubernetes.EndpointSlice.Entry;
import io.evenkeel.kubernetes.EndpointSlice.Port;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SliceReaderTest {

    private static SliceReader reader(String text) {
        return new SliceReader(new StringReader(text));
    }

    private static EndpointSlice slice(String endpoints, String ports) throws IOException {
        return reader("{\"metadata\":{\"name\":\"a\",\"resourceVersion\":\"7\"},\"addressType\":\"IPv4\",\"endpoints\":"
                        + endpoints + ",\"ports\":" + ports + "}")
                .only()
                .slice();
    }

    @Test
    void a_status_within_a_watch() {
        WatchEvent event = Recordings.events("err-410-watch-too-old.ndjson").get(0);

        assertThat(event.type()).isEqualTo("ERROR");
        assertThat(event.object().status())
                .isEqualTo(new ApiStatus(410, "Expired", "too old resource version: 5 (438)", null));
    }

    @Test
    void a_status_as_an_answer() throws IOException {
        try (SliceReader reader = new SliceReader(Recordings.open("err-403-no-rbac.json"))) {
            ApiObject object = reader.only();
            assertThat(object.kind()).isEqualTo("Status");
            assertThat(object.status().code()).isEqualTo(403);
            assertThat(object.status().reason()).isEqualTo("Forbidden");
            assertThat(object.status().message()).contains("system:serviceaccount:default:app");
        }
    }

    @Test
    void how_long_to_wait_is_in_the_details() throws IOException {
        assertThat(reader("{\"kind\":\"Status\",\"code\":429,\"details\":{\"retryAfterSeconds\":9}}")
                        .only()
                        .status()
                        .retryAfterSeconds())
                .isEqualTo(9);
    }

    @Test
    void a_bookmark_without_address_type_and_with_nulls() {
        WatchEvent last = Recordings.events("watchlist.ndjson").get(3);

        assertThat(last.type()).isEqualTo("BOOKMARK");
        assertThat(last.object().resourceVersion()).isEqualTo("1597");
        assertThat(last.object().slice().endpoints()).isEmpty();
    }

    @Test
    void what_is_left_out_or_null_has_the_apis_default() throws IOException {
        String[] same = {
            "[{\"addresses\":[\"10.0.0.1\"]}]",
            "[{\"addresses\":[\"10.0.0.1\"],\"conditions\":{}}]",
            "[{\"addresses\":[\"10.0.0.1\"],\"conditions\":null,\"targetRef\":null,\"hints\":null,\"zone\":null}]",
            "[{\"addresses\":[\"10.0.0.1\"],\"conditions\":{\"ready\":null,\"serving\":null,\"terminating\":null},\"hints\":{\"forZones\":null}}]"
        };
        for (String endpoints : same) {
            assertThat(slice(endpoints, "null").endpoints())
                    .as(endpoints)
                    .containsExactly(new Entry("10.0.0.1", true, true, false, null, null, null, null, List.of()));
        }
        assertThat(slice("null", "[{\"port\":5432},{\"name\":\"any\",\"protocol\":\"UDP\",\"port\":null}]")
                        .ports())
                .containsExactly(new Port("", "TCP", 5432), new Port("any", "UDP", null));
    }

    @Test
    void only_the_first_address_counts_and_hints_are_read() throws IOException {
        EndpointSlice slice = slice(
                "[{\"addresses\":[\"10.0.0.1\",\"10.0.0.2\"],\"hints\":{\"forNodes\":[{\"name\":\"n\"}],\"forZones\":[{\"name\":\"a\"},{\"name\":\"b\"}]}},"
                        + "{\"addresses\":[]}]",
                "[]");

        assertThat(slice.endpoints()).hasSize(1);
        assertThat(slice.endpoints().get(0).address()).isEqualTo("10.0.0.1");
        assertThat(slice.endpoints().get(0).hintedZones()).containsExactly("a", "b");
    }

    @Test
    void fields_of_the_future_are_skipped_wherever_they_are() throws IOException {
        String strange = "\"x\":{\"y\":[1,{\"z\":null}]},\"kind2\":3";
        EndpointSlice slice = reader("{" + strange + ",\"metadata\":{" + strange
                        + ",\"name\":\"a\",\"resourceVersion\":\"7\"},\"addressType\":\"IPv4\",\"endpoints\":[{"
                        + strange
                        + ",\"addresses\":[\"10.0.0.1\"],\"conditions\":{" + strange
                        + ",\"ready\":false},\"targetRef\":{" + strange
                        + ",\"name\":\"pg-0\"}}],\"ports\":[{" + strange + ",\"port\":5432}]}")
                .only()
                .slice();

        assertThat(slice.endpoints().get(0).ready()).isFalse();
        assertThat(slice.endpoints().get(0).podName()).isEqualTo("pg-0");
        assertThat(slice.ports()).containsExactly(new Port("", "TCP", 5432));
    }

    @Test
    void an_event_whose_type_comes_last_is_the_same_event() throws IOException {
        WatchEvent event = reader("{\"object\":{\"metadata\":{\"name\":\"a\"}},\"type\":\"DELETED\"}")
                .nextEvent();

        assertThat(event).isNotNull();
        assertThat(event.type()).isEqualTo("DELETED");
        assertThat(event.object().slice().name()).isEqualTo("a");
    }

    @Test
    void a_watch_without_events_ends_at_once() throws IOException {
        assertThat(reader("").nextEvent()).isNull();
        assertThat(reader("\n").nextEvent()).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"type\":\"ADDED\"}",
                "{\"object\":{}}",
                "{\"type\":\"ADDED\",\"object\":[]}",
                "{\"type\":\"ADDED\",\"object\":{\"endpoints\":{}}}",
                "{\"type\":\"ADDED\",\"object\":{\"endpoints\":[{\"addresses\":\"10.0.0.1\"}]}}",
                "{\"type\":\"ADDED\",\"object\":{\"ports\":[{\"port\":\"many\"}]}}",
                "{\"type\":\"ADDED\",\"object\":{\"code\":1e99}}",
                "{\"type\":\"ADDED\",\"object\":{\"metadata\":",
                "{\"type\":\"ADDED\"",
                "[]",
                "no json at all",
                "<html>503</html>"
            })
    void what_is_no_event_is_an_exception_and_never_a_slice(String line) {
        assertThatThrownBy(() -> reader(line).nextEvent()).isInstanceOf(IOException.class);
    }

    @Test
    void every_beginning_of_an_event_is_an_exception_and_never_a_smaller_slice() throws IOException {
        StringBuilder all = new StringBuilder();
        try (Reader source = Recordings.open("pg-2-watch-scale-3-5-rolling-2-0-delete.ndjson")) {
            for (int c = source.read(); c != '\n'; c = source.read()) {
                all.append((char) c);
            }
        }
        assertThat(reader(all.toString()).nextEvent()).isNotNull();
        for (int length = 1; length < all.length(); length++) {
            String cut = all.substring(0, length);
            assertThatThrownBy(() -> reader(cut).nextEvent())
                    .as("the first %d characters", length)
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void a_list_without_a_version_or_cut_off_is_none() {
        assertThatThrownBy(() -> reader("{\"items\":[]}").list()).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> reader("{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[")
                        .list())
                .isInstanceOf(IOException.class);
    }
}

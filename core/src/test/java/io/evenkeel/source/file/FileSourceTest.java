package io.evenkeel.source.file;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.endpoint.EndpointSet;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.SourceHarness;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FileSourceTest {

    @TempDir
    Path directory;

    private final SourceHarness harness = new SourceHarness();

    private Path file() {
        return directory.resolve("pg.json");
    }

    private static String one(String host) {
        return "{\"endpoints\":[{\"host\":\"" + host + "\",\"port\":5432}]}";
    }

    private void poll() {
        harness.scheduler.advance(Duration.ofSeconds(1));
    }

    private EndpointSource start() {
        return harness.start("file://" + file());
    }

    @Test
    void every_field_is_read_and_unknown_ones_are_ignored() throws IOException {
        Files.writeString(file(), """
                {"version": 7, "endpoints": [
                  {"id":"pg-0","host":"10.0.0.1","port":5432,"zone":"a","node":"n1","weight":2.5,"condition":"TERMINATING","x":{}},
                  {"host":"fd00::1","port":5433,"zone":null}
                ]}
                """);
        start();
        assertThat(harness.endpoints())
                .containsExactly(
                        new Endpoint(
                                new EndpointKey("pg-0", "10.0.0.1", 5432),
                                "a",
                                "n1",
                                2.5,
                                EndpointCondition.TERMINATING,
                                List.of()),
                        Endpoint.of("fd00::1", 5433));
    }

    @Test
    void a_file_replaced_by_a_rename_is_seen_within_a_second() throws IOException {
        Files.writeString(file(), one("10.0.0.1"));
        start();
        Path next = Files.writeString(directory.resolve("next"), one("10.0.0.2"));
        Files.move(next, file(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        poll();
        assertThat(harness.addresses()).containsExactly("10.0.0.2:5432");
    }

    @Test
    void a_config_map_whose_data_link_is_swapped_is_seen_within_a_second() throws IOException {
        Files.writeString(Files.createDirectory(directory.resolve("..2026_1")).resolve("pg.json"), one("10.0.0.1"));
        Files.writeString(Files.createDirectory(directory.resolve("..2026_2")).resolve("pg.json"), one("10.0.0.2"));
        Files.createSymbolicLink(directory.resolve("..data"), Path.of("..2026_1"));
        Files.createSymbolicLink(file(), Path.of("..data/pg.json"));
        start();
        assertThat(harness.addresses()).containsExactly("10.0.0.1:5432");

        Files.createSymbolicLink(directory.resolve("..data_tmp"), Path.of("..2026_2"));
        Files.move(
                directory.resolve("..data_tmp"),
                directory.resolve("..data"),
                StandardCopyOption.ATOMIC_MOVE,
                StandardCopyOption.REPLACE_EXISTING);
        poll();
        assertThat(harness.addresses()).containsExactly("10.0.0.2:5432");
    }

    @Test
    void a_change_of_the_same_size_within_the_same_tick_of_the_file_system_is_seen() throws IOException {
        Files.writeString(file(), one("10.0.0.1"));
        var written = Files.getLastModifiedTime(file());
        start();
        Files.writeString(file(), one("10.0.0.2"));
        Files.setLastModifiedTime(file(), written);
        poll();
        assertThat(harness.addresses()).containsExactly("10.0.0.2:5432");
    }

    @Test
    void a_half_written_file_is_said_once_and_again_only_after_it_was_good() throws IOException {
        Files.writeString(file(), one("10.0.0.1"));
        start();
        Files.writeString(file(), one("10.0.0.1").substring(0, 30));
        poll();
        assertThat(harness.complaint()).startsWith("failed: file " + file() + ": not valid JSON: ");
        int said = harness.reports.size();
        poll();
        poll();
        assertThat(harness.reports).hasSize(said);

        Files.writeString(file(), one("10.0.0.1"));
        poll();
        assertThat(harness.addresses())
                .as("said again although nothing changed: it recovered")
                .containsExactly("10.0.0.1:5432");
        Files.writeString(file(), one("10.0.0.1").substring(0, 30));
        poll();
        assertThat(harness.complaint()).contains("not valid JSON");
    }

    @Test
    void a_truncated_file_is_invalid_and_not_an_empty_list() throws IOException {
        Files.writeString(file(), one("10.0.0.1"));
        start();
        Files.writeString(file(), "");
        poll();
        assertThat(harness.complaint()).endsWith("$: nothing (expected: an object with \"endpoints\")");
        Files.writeString(file(), "{\"endpoints\":[]}");
        poll();
        assertThat(harness.endpoints()).isEmpty();
    }

    @Test
    void a_missing_file_is_missing_until_it_is_there() throws IOException {
        start();
        assertThat(harness.complaint())
                .isEqualTo("missing: file " + file() + ": does not exist (expected: a JSON file with \"endpoints\")");
        poll();
        assertThat(harness.reports).hasSize(1);
        Files.writeString(file(), one("10.0.0.1"));
        poll();
        assertThat(harness.addresses()).containsExactly("10.0.0.1:5432");
        Files.delete(file());
        poll();
        assertThat(harness.complaint()).startsWith("missing");
    }

    @Test
    void what_cannot_be_read_is_a_failure() throws IOException {
        Files.createDirectory(file());
        start();
        assertThat(harness.complaint()).isEqualTo("failed: file " + file() + ": type: a directory (expected: a file)");
    }

    @Test
    void a_huge_file_is_refused_by_its_size_before_a_byte_is_read() throws IOException {
        try (RandomAccessFile sparse = new RandomAccessFile(file().toFile(), "rw")) {
            sparse.setLength(1L << 40);
        }
        start();
        assertThat(harness.complaint())
                .isEqualTo("failed: file " + file() + ": size: 1099511627776 bytes (expected: at most 16777216)");
        Files.writeString(file(), one("10.0.0.1"));
        poll();
        assertThat(harness.addresses()).containsExactly("10.0.0.1:5432");
    }

    @Test
    void a_deep_file_and_one_of_too_many_endpoints_are_refused() throws IOException {
        Files.writeString(file(), "[".repeat(8_000_000));
        start();
        assertThat(harness.complaint()).contains("not valid JSON: ", "Nesting limit 32");
        Files.writeString(
                file(),
                IntStream.rangeClosed(0, EndpointSet.MOST)
                        .mapToObj(i -> "{\"host\":\"h\",\"port\":1}")
                        .collect(Collectors.joining(",", "{\"endpoints\":[", "]}")));
        poll();
        assertThat(harness.complaint()).endsWith("endpoints: 20001 (expected: at most 20000)");
    }

    @Test
    void a_hostile_host_is_refused_once_by_its_field_and_a_good_file_is_believed_again() throws IOException {
        Files.writeString(file(), one("10.0.0.1"));
        start();
        for (String host : List.of("127.0.0.1?user=evil", "127.0.0.1;x", "a b", "a\\nb", "a".repeat(5000))) {
            Files.writeString(file(), one(host));
            poll();
            int said = harness.reports.size();
            assertThat(harness.complaint()).as(host).contains(": endpoints[0].host: \"", "(expected: an IP address");
            assertThat(harness.complaint().length()).as("short: " + host).isLessThan(500);
            poll();
            assertThat(harness.reports).as("said once: " + host).hasSize(said);
        }
        Files.writeString(file(), one("10.0.0.2"));
        poll();
        assertThat(harness.addresses()).containsExactly("10.0.0.2:5432");
    }

    @Test
    void a_closed_source_reads_and_says_nothing_more() throws IOException {
        Files.writeString(file(), one("10.0.0.1"));
        EndpointSource source = start();
        source.close();
        source.close();
        Files.writeString(file(), one("10.0.0.2"));
        poll();
        assertThat(harness.reports).hasSize(1);
        assertThat(harness.scheduler.pending()).isEmpty();
    }

    @Test
    void bytes_that_are_not_utf_8_are_a_failure() throws IOException {
        Files.write(file(), new byte[] {'"', (byte) 0xff, '"'});
        start();
        assertThat(harness.complaint()).startsWith("failed: ");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '\'',
            delimiter = '|',
            value = {
                "[]|$: [] (expected: an object with \"endpoints\")",
                "{}|endpoints: nothing (expected: a list)",
                "{\"endpoints\":{}}|endpoints: {} (expected: a list)",
                "{\"endpoints\":[1]}|endpoints[0]: 1 (expected: an object with \"host\" and \"port\")",
                "{\"endpoints\":[{\"port\":1}]}|endpoints[0].host: nothing (expected: a string, an address or a name)",
                "{\"endpoints\":[{\"host\":1,\"port\":1}]}|endpoints[0].host: 1 (expected: a string)",
                "{\"endpoints\":[{\"host\":\"\",\"port\":1}]}|endpoints[0].host: \"\" (expected: an IP address without brackets, or a host name of letters, digits, hyphens and dots, at most 253 characters)",
                "{\"endpoints\":[{\"host\":\"h\"}]}|endpoints[0].port: nothing (expected: a whole number from 1 to 65535)",
                "{\"endpoints\":[{\"host\":\"h\",\"port\":\"1\"}]}|endpoints[0].port: \"1\" (expected: a whole number from 1 to 65535)",
                "{\"endpoints\":[{\"host\":\"h\",\"port\":1.5}]}|endpoints[0].port: 1.5 (expected: a whole number from 1 to 65535)",
                "{\"endpoints\":[{\"host\":\"h\",\"port\":65536}]}|endpoints[0].port: 65536 (expected: a whole number from 1 to 65535)",
                "{\"endpoints\":[{\"host\":\"h\",\"port\":1,\"weight\":0}]}|endpoints[0].weight: 0 (expected: a number above 0)",
                "{\"endpoints\":[{\"host\":\"h\",\"port\":1,\"zone\":[]}]}|endpoints[0].zone: [] (expected: a string)",
                "{\"endpoints\":[{\"host\":\"h\",\"port\":1,\"condition\":\"ready\"}]}|endpoints[0].condition: \"ready\" (expected: one of [READY, TERMINATING, NOT_READY])",
                "{\"endpoints\":[{\"host\":\"h\",\"port\":1},{\"host\":\"h\",\"port\":1}]}|endpoints[1]: h:1 twice (expected: once)",
                "{\"endpoints\":[],\"endpoints\":[]}|$.endpoints: \"endpoints\" twice (expected: once)",
                "{\"endpoints\":[{\"host\":\"h\",\"port\":1e999999999}]}|endpoints[0].port: 1E+999999999 (expected: a whole number from 1 to 65535)",
                "{\"endpoints\":[]} {}|not valid JSON: malformed at line 1 column 19 path $",
            })
    void whatever_is_wrong_is_said_with_its_path(String json, String complaint) {
        assertThatThrownBy(() -> EndpointFile.parse(json))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(complaint);
    }
}

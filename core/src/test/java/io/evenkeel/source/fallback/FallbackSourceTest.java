package io.evenkeel.source.fallback;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.CapturedLog;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.endpoint.Target;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.EndpointSources;
import io.evenkeel.source.FakeSource;
import io.evenkeel.source.SharedResources;
import io.evenkeel.source.SourceCalls;
import io.evenkeel.source.SourceContext;
import io.evenkeel.source.SourceHarness;
import io.evenkeel.source.file.EndpointFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FallbackSourceTest {

    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final Endpoint POD_0 = Endpoint.of("pg-0", "10.0.0.1", 5432);
    private static final Endpoint POD_1 = Endpoint.of("pg-1", "10.0.0.2", 5432);
    private static final Endpoint ADDRESS_0 = Endpoint.of("10.0.0.1", 5432);

    @TempDir
    Path directory;

    private final SourceHarness harness = new SourceHarness();
    private final FakeSource first = new FakeSource();
    private final FakeSource second = new FakeSource();
    private Path file;

    @BeforeEach
    void chooseFile() {
        file = directory.resolve("pg.json");
    }

    private EndpointSource start(boolean withSnapshot) {
        return harness.start(new FallbackSource(
                List.of(new FallbackSource.Part("first", first), new FallbackSource.Part("second", second)),
                withSnapshot ? file : null,
                PATIENCE,
                harness.context));
    }

    @Test
    void the_second_is_left_alone_while_the_first_answers() {
        start(true);
        first.endpoints(POD_0);
        harness.scheduler.advance(PATIENCE.multipliedBy(2));

        assertThat(harness.endpoints()).containsExactly(POD_0);
        assertThat(second.isStarted()).isFalse();
    }

    @Test
    void the_second_is_asked_as_soon_as_the_first_fails() {
        start(false);
        first.failed("refused");
        harness.scheduler.runDue();

        assertThat(harness.complaint()).isEqualTo("failed: refused");
        assertThat(second.isStarted()).isTrue();
        second.endpoints(ADDRESS_0);
        harness.scheduler.runDue();
        assertThat(harness.endpoints()).containsExactly(ADDRESS_0);
    }

    @Test
    void a_first_that_never_returns_from_start_leaves_the_turn_to_the_second_and_does_not_hold_up_close() {
        List<Runnable> calls = new ArrayList<>();
        EndpointSource chain = harness.start(new FallbackSource(
                List.of(new FallbackSource.Part("first", first), new FallbackSource.Part("second", second)),
                null,
                PATIENCE.multipliedBy(2),
                new SourceContext(
                        harness.scheduler.ticker(),
                        harness.scheduler,
                        Runnable::run,
                        new Random(7),
                        new SharedResources(),
                        calls::add)));
        harness.scheduler.advance(SourceCalls.START_DEADLINE);
        assertThat(harness.complaint()).startsWith("failed: the source's start() has not returned within PT5S");
        assertThat(calls).as("the first's start, and the second's").hasSize(2);
        Runnable late = calls.remove(0);
        calls.remove(0).run();
        second.endpoints(ADDRESS_0);
        harness.scheduler.runDue();
        assertThat(harness.endpoints()).containsExactly(ADDRESS_0);

        chain.close();
        assertThat(second.isClosed()).as("in place").isFalse();
        calls.forEach(Runnable::run);
        assertThat(first.isClosed()).isTrue();
        assertThat(second.isClosed()).isTrue();
        assertThat(first.isStarted()).isFalse();
        late.run();
        assertThat(first.isStarted()).as("cancelled before it began").isFalse();
    }

    @Test
    void trouble_is_that_of_the_source_that_is_believed() {
        EndpointSource chain = start(false);
        first.trouble("every watch breaks");
        assertThat(chain.trouble()).as("none is believed").isNull();
        first.failed("refused");
        harness.scheduler.runDue();
        second.endpoints(ADDRESS_0);
        harness.scheduler.runDue();
        assertThat(chain.trouble()).isNull();
        first.endpoints(POD_0);
        harness.scheduler.runDue();
        assertThat(chain.trouble()).isEqualTo("every watch breaks");
    }

    @Test
    void the_second_is_asked_when_the_first_finds_nothing() {
        start(false);
        first.missing("no slice");
        harness.scheduler.runDue();

        assertThat(second.isStarted()).isTrue();
    }

    @Test
    void the_second_is_asked_when_the_first_is_silent() {
        start(false);
        harness.scheduler.advance(PATIENCE.minusMillis(1));
        assertThat(second.isStarted()).isFalse();

        harness.scheduler.advance(Duration.ofMillis(1));
        assertThat(second.isStarted()).isTrue();
        assertThat(first.isClosed()).isFalse();
    }

    @Test
    void the_first_takes_over_when_it_answers_and_closes_the_second_for_good() {
        start(false);
        first.failed("refused");
        harness.scheduler.runDue();
        second.endpoints(ADDRESS_0);
        first.failed("still refused");
        harness.scheduler.runDue();
        assertThat(harness.endpoints()).as("its complaints don't matter").containsExactly(ADDRESS_0);

        first.endpoints(POD_0, POD_1);
        harness.scheduler.runDue();
        assertThat(second.isClosed()).isTrue();
        assertThat(harness.addresses()).containsExactly("10.0.0.1:5432", "10.0.0.2:5432");

        first.failed("away again");
        harness.scheduler.advance(Duration.ofHours(1));
        assertThat(harness.complaint()).isEqualTo("failed: away again");
    }

    @Test
    void what_the_second_said_just_before_it_was_closed_is_not_believed() {
        start(false);
        first.failed("refused");
        harness.scheduler.runDue();
        first.endpoints(POD_0);
        second.endpoints(ADDRESS_0);
        harness.scheduler.runDue();

        assertThat(harness.endpoints()).containsExactly(POD_0);
    }

    private static List<String> told(CapturedLog log) {
        return log.linesWith("INFO io.evenkeel.source.fallback.FallbackSource").stream()
                .map(line -> line.substring(line.indexOf(" - ") + 3))
                .toList();
    }

    @Test
    void each_step_of_the_chain_is_told_once_with_its_reason_and_who_takes_over() {
        try (CapturedLog log = new CapturedLog()) {
            start(true);
            first.failed("refused");
            first.failed("refused again");
            harness.scheduler.runDue();
            harness.scheduler.advance(PATIENCE.multipliedBy(3));
            second.endpoints(ADDRESS_0);
            harness.scheduler.runDue();
            second.endpoints(ADDRESS_0);
            first.endpoints(POD_0);
            first.endpoints(POD_0, POD_1);
            harness.scheduler.runDue();

            assertThat(told(log))
                    .containsExactly(
                            "first: refused; going on with second until it answers",
                            "second: no answer within PT5S; going on with snapshot " + file + " until it answers",
                            "first: answers now and is believed from here on");
        }
    }

    @Test
    void nothing_is_told_of_a_chain_whose_first_answers() {
        try (CapturedLog log = new CapturedLog()) {
            start(true);
            first.endpoints(POD_0);
            harness.scheduler.advance(PATIENCE.multipliedBy(3));
            first.failed("away");
            harness.scheduler.advance(Duration.ofHours(1));

            assertThat(told(log)).isEmpty();
        }
    }

    @Test
    void a_source_that_does_not_start_counts_as_failed() {
        EndpointSource broken = new EndpointSource() {
            @Override
            public void start(Observer observer) {
                throw new IllegalStateException("no library");
            }

            @Override
            public void close() {
                // was never open
            }
        };
        harness.start(new FallbackSource(
                List.of(new FallbackSource.Part("first", broken), new FallbackSource.Part("second", second)),
                null,
                PATIENCE,
                harness.context));

        assertThat(harness.complaint()).isEqualTo("failed: the source did not start: no library");
        assertThat(second.isStarted()).isTrue();
    }

    @Test
    void an_answer_that_comes_while_the_snapshot_is_read_is_believed_more() {
        List<Runnable> reading = new ArrayList<>();
        harness.start(new FallbackSource(
                List.of(new FallbackSource.Part("first", first)),
                file,
                PATIENCE,
                new SourceContext(
                        harness.scheduler.ticker(),
                        harness.scheduler,
                        reading::add,
                        new Random(7),
                        new SharedResources(),
                        Runnable::run)));
        first.failed("refused");
        harness.scheduler.runDue();
        first.endpoints(POD_0);
        harness.scheduler.runDue();
        assertThat(reading).hasSize(1);
        reading.get(0).run();
        harness.scheduler.runDue();

        assertThat(harness.endpoints()).containsExactly(POD_0);
    }

    @Test
    void who_is_known_by_address_keeps_that_identity_until_it_is_gone() {
        start(false);
        first.failed("refused");
        harness.scheduler.runDue();
        second.endpoints(ADDRESS_0);
        first.endpoints(POD_0, POD_1);
        harness.scheduler.runDue();
        assertThat(harness.endpoints()).as("not reconnected").containsExactly(ADDRESS_0, POD_1);

        first.endpoints(POD_1);
        first.endpoints(POD_0, POD_1);
        harness.scheduler.runDue();
        assertThat(harness.endpoints()).as("a new Pod").containsExactly(POD_0, POD_1);
    }

    @Test
    void a_pod_that_srv_records_or_a_snapshot_call_otherwise_keeps_its_identity_too() {
        start(false);
        first.failed("refused");
        harness.scheduler.runDue();
        Endpoint srv = Endpoint.of("pg-0.pg.default.svc:5432", POD_0.host(), POD_0.port());
        second.endpoints(srv);
        first.endpoints(POD_0.withZone("a"), POD_1);
        harness.scheduler.runDue();
        assertThat(harness.endpoints()).as("not reconnected").containsExactly(srv.withZone("a"), POD_1);

        Endpoint moved = Endpoint.of(srv.identity(), "10.0.0.99", 5432);
        first.endpoints(POD_0, moved);
        harness.scheduler.runDue();
        assertThat(harness.endpoints()).as("the identity is another's now").containsExactlyInAnyOrder(POD_0, moved);
    }

    @Test
    void what_was_ready_is_kept_on_disk_and_read_when_nobody_answers() {
        start(true);
        first.endpoints(POD_0.withZone("a"), POD_1.withCondition(EndpointCondition.TERMINATING));
        harness.scheduler.advance(Duration.ofSeconds(10));
        assertThat(file).exists();

        SourceHarness restarted = new SourceHarness();
        FakeSource silent = new FakeSource();
        restarted.start(new FallbackSource(
                List.of(new FallbackSource.Part("first", silent)), file, PATIENCE, restarted.context));
        restarted.scheduler.advance(PATIENCE);

        assertThat(restarted.reports.get(0)).isEqualTo(new EndpointSource.Endpoints(List.of(POD_0.withZone("a"))));
        assertThat(restarted.complaint())
                .as("believed, but known to be stale")
                .isEqualTo("failed: known from snapshot " + file + " only: first: no answer within PT5S");
    }

    @Test
    void nobody_at_all_does_not_overwrite_the_snapshot() throws IOException {
        start(true);
        first.endpoints(POD_0);
        harness.scheduler.advance(Duration.ofSeconds(10));
        String before = Files.readString(file);
        first.endpoints();
        harness.scheduler.advance(Duration.ofMinutes(1));

        assertThat(file).hasContent(before);
    }

    @Test
    void a_burst_of_changes_is_written_once_and_leaves_no_other_file() throws IOException {
        start(true);
        first.endpoints(POD_0);
        harness.scheduler.advance(Duration.ofSeconds(9));
        first.endpoints(POD_1);
        harness.scheduler.advance(Duration.ofSeconds(1));

        assertThat(EndpointFile.parse(Files.readString(file))).containsExactly(POD_1);
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void a_snapshot_that_is_broken_or_missing_says_so_with_the_reasons_of_the_others() throws IOException {
        Files.writeString(file, "{\"endpoints\": [");
        start(true);
        first.failed("refused");
        harness.scheduler.runDue();
        second.missing("no such name");
        harness.scheduler.runDue();

        assertThat(harness.complaint())
                .startsWith("failed: first: refused; second: no such name; snapshot " + file + ": cannot be read: ");
    }

    @Test
    void a_directory_that_is_not_there_stops_nothing() {
        file = directory.resolve("missing").resolve("pg.json");
        start(true);
        first.endpoints(POD_0);
        harness.scheduler.advance(Duration.ofMinutes(1));

        assertThat(harness.endpoints()).containsExactly(POD_0);
    }

    @Test
    void close_closes_all_and_nothing_is_said_afterwards() {
        EndpointSource source = start(false);
        first.failed("refused");
        harness.scheduler.runDue();
        int before = harness.reports.size();
        source.close();
        harness.scheduler.advance(Duration.ofMinutes(1));

        assertThat(first.isClosed()).isTrue();
        assertThat(second.isClosed()).isTrue();
        assertThat(harness.reports).hasSize(before);
    }

    @Test
    void a_target_is_a_chain() {
        harness.start("fallback://500ms/file://" + directory.resolve("none.json") + "|static:///10.0.0.1:5432");
        harness.scheduler.runDue();

        assertThat(harness.addresses()).containsExactly("10.0.0.1:5432");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "fallback:///static:///h:1;targets: 1 in",
                "fallback:///snapshot:///tmp/x;targets: 0 in",
                "fallback:///snapshot:///tmp/x|static:///h:1;snapshot: not the last one in",
                "fallback:///static:///h:1|;target: \"\"",
                "fallback:///static:///h:1|consul:///x;has the scheme \"consul\"",
                "fallback://soon/static:///h:1|static:///h:2;time: \"soon\"",
                "fallback://0s/static:///h:1|static:///h:2;time: \"0s\"",
                "fallback:///static:///h:1|snapshot://x/y;an absolute path after three slashes",
                "snapshot:///tmp/x;a snapshot can only be the last target of fallback:"
            })
    void a_chain_that_makes_no_sense_says_what_was_expected(String target, String message) {
        assertThatThrownBy(() -> EndpointSources.create(Target.parse(target), harness.context))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message)
                .hasMessageContaining("expected: ");
    }
}

package io.evenkeel.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointCondition;
import io.evenkeel.endpoint.EndpointSet;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.SourceCalls;
import io.evenkeel.time.ManualScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EndpointWatcherTest {

    private static final Endpoint A = pod("a", 1);
    private static final Endpoint B = pod("b", 2);
    private static final Endpoint C = pod("c", 3);

    private final ManualScheduler scheduler = new ManualScheduler();
    private final List<WatchSnapshot> published = new ArrayList<>();
    private EndpointWatcher watcher = watcher(WatcherConfig.defaults());

    private static Endpoint pod(String name, int number) {
        return Endpoint.of(name, "10.0.0." + number, 5432);
    }

    private static Endpoint leaving(Endpoint endpoint) {
        return endpoint.withCondition(EndpointCondition.TERMINATING);
    }

    private static Endpoint notReady(Endpoint endpoint) {
        return endpoint.withCondition(EndpointCondition.NOT_READY);
    }

    private EndpointWatcher watcher(WatcherConfig config) {
        return new EndpointWatcher("fake:///x", config, scheduler.ticker(), scheduler, published::add);
    }

    private void answer(Endpoint... endpoints) {
        watcher.accept(new EndpointSource.Endpoints(List.of(endpoints)));
    }

    private void fail(String reason) {
        watcher.accept(new EndpointSource.Failed(reason, null));
    }

    private void pass(double seconds) {
        scheduler.advance(Duration.ofMillis((long) (seconds * 1000)));
    }

    private void assertBelieved(Endpoint... endpoints) {
        assertThat(watcher.current().endpoints().endpoints()).containsExactly(endpoints);
    }

    @Test
    void before_anything_was_heard_nothing_is_known() {
        assertThat(watcher.current().health()).isEqualTo(SourceHealth.UNKNOWN);
        assertThat(watcher.current().endpoints()).isEqualTo(EndpointSet.empty());
        assertThat(watcher.current().reason()).isNotEmpty();
    }

    @Test
    void the_first_answer_is_published_at_once() {
        answer(A, B);

        assertBelieved(A, B);
        assertThat(published).hasSize(1);
        assertThat(watcher.current().health()).isEqualTo(SourceHealth.HEALTHY);
        assertThat(watcher.current().endpoints().version()).isEqualTo(1);
        assertThat(watcher.current().reason()).isEqualTo("endpoints changed: +a@10.0.0.1:5432 +b@10.0.0.2:5432");
        assertThat(scheduler.pending()).isEmpty();
    }

    @Test
    void a_change_is_published_one_settle_window_after_it() {
        answer(A);
        answer(A, B);
        pass(0.999);
        assertBelieved(A);
        pass(0.001);

        assertBelieved(A, B);
        assertThat(published).hasSize(2);
        assertThat(watcher.current().endpoints().version()).isEqualTo(2);
        assertThat(watcher.current().reason()).isEqualTo("endpoints changed: +b@10.0.0.2:5432");
    }

    @Test
    void several_changes_are_published_as_one_a_settle_window_after_the_last() {
        answer(A);
        answer(A, B);
        pass(0.6);
        answer(B, C);
        pass(0.999);
        assertBelieved(A);
        pass(0.001);

        assertBelieved(B, C);
        assertThat(published).hasSize(2);
    }

    @Test
    void a_steady_trickle_of_changes_is_published_at_the_longest_settle_time() {
        answer(A);
        for (int i = 0; i < 20; i++) {
            answer(A, pod("new", 10 + i));
            if (i < 20 - 1) {
                pass(0.5);
            }
            assertThat(published).as("after %s ms", i * 500).hasSize(i * 0.5 < 10 ? 1 : 2);
        }
        pass(0.5);
        assertThat(published).hasSize(2);
        assertBelieved(A, pod("new", 29));
    }

    @Test
    void a_repeated_answer_does_not_prolong_the_window() {
        answer(A);
        answer(A, B);
        pass(0.9);
        answer(A, B);
        pass(0.1);
        assertBelieved(A, B);
    }

    @Test
    void a_change_that_is_taken_back_within_the_window_is_never_published() {
        answer(A, B);
        answer(A);
        pass(0.5);
        answer(A, B);

        assertThat(scheduler.pending()).isEmpty();
        pass(20);
        assertThat(published).hasSize(1);
    }

    @Test
    void a_settle_window_of_zero_publishes_at_once() {
        watcher = watcher(WatcherConfig.builder().settle(Duration.ZERO).build());
        answer(A);
        answer(A, B);
        assertBelieved(A, B);
        answer(B);
        assertBelieved(B);
    }

    @Test
    void an_empty_answer_is_believed_only_after_the_grace() {
        answer(A, B);
        answer();
        assertBelieved(A, B);
        assertThat(watcher.current().health()).isEqualTo(SourceHealth.HEALTHY);
        assertThat(watcher.current().reason()).contains("no endpoint", "2 kept");
        pass(29.999);
        assertBelieved(A, B);
        pass(0.001);

        assertBelieved();
        assertThat(watcher.current().health()).isEqualTo(SourceHealth.HEALTHY);
        assertThat(watcher.current().endpoints().version()).isEqualTo(2);
    }

    @Test
    void repeating_an_empty_answer_neither_shortens_nor_prolongs_the_grace() {
        answer(A);
        for (int i = 0; i < 30; i++) {
            answer();
            assertBelieved(A);
            pass(1);
        }
        assertBelieved();
    }

    @Test
    void an_empty_answer_that_is_interrupted_starts_its_grace_again_and_what_comes_back_settles() {
        answer(A, B);
        answer();
        pass(29);
        answer(A);
        pass(0.5);
        assertBelieved(A, B);
        answer();
        pass(29.5);
        assertBelieved(A, B);
        answer(A);
        pass(0.999);
        assertBelieved(A, B);
        pass(0.001);
        assertBelieved(A);
    }

    @Test
    void an_outage_during_the_grace_starts_it_again() {
        answer(A);
        answer();
        pass(20);
        fail("time-out");
        pass(20);
        answer();
        pass(29.999);
        assertBelieved(A);
        pass(0.001);
        assertBelieved();
    }

    @Test
    void a_first_answer_that_is_empty_has_nobody_to_protect() {
        answer();
        assertThat(watcher.current().health()).isEqualTo(SourceHealth.HEALTHY);
        assertBelieved();
        assertThat(watcher.current().endpoints().version()).isZero();
        answer();
        assertThat(published).hasSize(1);

        pass(5);
        answer(A);
        assertBelieved(A);
    }

    @Test
    void a_grace_of_zero_treats_an_empty_answer_as_any_change() {
        watcher = watcher(WatcherConfig.builder().emptyGrace(Duration.ZERO).build());
        answer(A);
        answer();
        pass(1);
        assertBelieved();
    }

    @Test
    void a_failing_source_is_stale_and_what_was_known_is_kept_for_ever() {
        answer(A, B);
        fail("time-out");

        assertThat(watcher.current().health()).isEqualTo(SourceHealth.STALE);
        assertThat(watcher.current().reason()).isEqualTo("time-out");
        scheduler.advance(Duration.ofDays(100));
        assertBelieved(A, B);
        fail("time-out");
        assertThat(published).as("the same failure again is no news").hasSize(2);
        watcher.accept(new EndpointSource.Missing("no such name"));
        assertThat(watcher.current().reason()).isEqualTo("no such name");
        assertThat(watcher.current().endpoints().version()).isEqualTo(1);
    }

    @Test
    void a_removal_that_settles_when_the_source_fails_is_not_believed() {
        answer(A, B);
        answer(A);
        pass(0.5);
        fail("time-out");
        pass(100);

        assertBelieved(A, B);
        assertThat(scheduler.pending()).isEmpty();
    }

    @Test
    void after_an_outage_the_whole_window_passes_before_anybody_is_removed() {
        answer(A, B);
        answer(A);
        pass(0.9);
        fail("time-out");
        pass(60);
        answer(A);

        assertThat(watcher.current().health()).isEqualTo(SourceHealth.HEALTHY);
        pass(0.999);
        assertBelieved(A, B);
        pass(0.001);
        assertBelieved(A);
    }

    @Test
    void an_outage_without_a_change_ends_without_one() {
        answer(A, B);
        fail("time-out");
        answer(A, B);

        assertThat(published)
                .extracting(WatchSnapshot::health)
                .containsExactly(SourceHealth.HEALTHY, SourceHealth.STALE, SourceHealth.HEALTHY);
        assertThat(watcher.current().endpoints().version()).isEqualTo(1);
        assertThat(scheduler.pending()).isEmpty();
    }

    @Test
    void a_source_that_never_answered_stays_unknown_and_says_why() {
        fail("connection refused");
        assertThat(watcher.current().health()).isEqualTo(SourceHealth.UNKNOWN);
        assertThat(watcher.current().reason()).isEqualTo("connection refused");
        answer(A);
        assertBelieved(A);
    }

    @Test
    void somebody_who_begins_to_leave_is_published_at_once() {
        answer(A, B);
        answer(A, leaving(B));

        assertBelieved(A, leaving(B));
        assertThat(watcher.current().reason()).isEqualTo("endpoints changed: ~b@10.0.0.2:5432 TERMINATING");
        assertThat(scheduler.pending()).isEmpty();
    }

    @Test
    void with_somebody_who_leaves_newcomers_are_published_too_but_removals_keep_settling() {
        answer(A, B);
        answer(B, C);
        pass(0.5);
        assertBelieved(A, B);
        answer(leaving(B), C);

        assertBelieved(A, leaving(B), C);
        assertThat(published).hasSize(2);
        pass(0.999);
        assertBelieved(A, leaving(B), C);
        pass(0.001);
        assertBelieved(leaving(B), C);
    }

    @Test
    void with_somebody_who_leaves_a_return_is_published_too_but_not_a_loss_of_readiness() {
        answer(notReady(A), B, C);
        answer(A, leaving(B), notReady(C));

        assertBelieved(A, leaving(B), C);
        pass(1);
        assertBelieved(A, leaving(B), notReady(C));
    }

    @Test
    void a_pod_that_is_back_at_another_address_is_never_there_twice() {
        Endpoint elsewhere = pod("a", 9);
        answer(A, B);
        answer(elsewhere, leaving(B));
        assertBelieved(A, leaving(B));
        pass(1);
        assertBelieved(elsewhere, leaving(B));
    }

    @Test
    void losing_readiness_settles() {
        answer(A, B);
        answer(A, notReady(B));
        assertBelieved(A, B);
        pass(1);
        assertBelieved(A, notReady(B));
    }

    @Test
    void leaving_is_urgent_also_in_the_first_answer_after_an_outage() {
        answer(A, B, C);
        fail("time-out");
        answer(A, leaving(B));

        assertBelieved(A, leaving(B), C);
        pass(1);
        assertBelieved(A, leaving(B));
    }

    @Test
    void an_answer_that_changes_nothing_shows_only_in_its_age() {
        answer(A);
        pass(7);
        answer(A);

        assertThat(published).hasSize(1);
        assertThat(watcher.current().answeredAtNanos())
                .isEqualTo(scheduler.ticker().nanos());
    }

    @Test
    void an_answer_with_one_endpoint_twice_counts_as_a_failure() {
        answer(A, B);
        answer(A, A);
        assertThat(watcher.current().health()).isEqualTo(SourceHealth.STALE);
        assertThat(watcher.current().reason()).contains("a@10.0.0.1:5432 twice");
        assertBelieved(A, B);
    }

    @Test
    void a_stopped_watcher_publishes_nothing_more() {
        answer(A);
        answer(A, B);
        watcher.stop();
        answer(C);
        pass(100);
        assertThat(published).hasSize(1);
        assertThat(scheduler.pending()).isEmpty();
    }

    @Test
    void a_long_change_is_described_by_its_first_ten() {
        Endpoint[] many = new Endpoint[25];
        for (int i = 0; i < many.length; i++) {
            many[i] = pod("pod-" + (char) ('a' + i), i + 1);
        }
        answer(many);
        assertThat(watcher.current().reason())
                .contains("+pod-j@")
                .doesNotContain("+pod-k@")
                .endsWith(" and 15 more");
    }

    @Test
    void settle_and_its_most_follow_each_other_where_only_one_is_set() {
        assertThat(WatcherConfig.builder()
                        .settle(Duration.ofSeconds(11))
                        .build()
                        .settleMax())
                .hasSeconds(11);
        assertThat(WatcherConfig.builder().settleMax(Duration.ZERO).build().settle())
                .isZero();
    }

    @Test
    void a_configuration_that_contradicts_itself_is_refused() {
        assertThatThrownBy(() -> WatcherConfig.builder()
                        .settle(Duration.ofSeconds(11))
                        .settleMax(Duration.ofSeconds(10))
                        .build())
                .hasMessage("settleMax: PT10S (expected: >= settle, PT11S)");
        assertThatThrownBy(() -> WatcherConfig.builder()
                        .emptyGrace(Duration.ofSeconds(-1))
                        .build())
                .hasMessage("emptyGrace: PT-1S (expected: zero or more, at most 365 days)");
    }

    @Test
    void a_source_that_is_silent_for_longer_than_it_promised_is_stale_until_it_answers() {
        Duration[] promised = {Duration.ofSeconds(12)};
        EndpointWatcher strict = new EndpointWatcher(
                "static:///x:1",
                () -> new SourceCalls.Facts(promised[0], 7, null),
                WatcherConfig.defaults(),
                scheduler.ticker(),
                scheduler,
                snapshot -> {});
        EndpointSource.Endpoints answer = new EndpointSource.Endpoints(List.of(Endpoint.of("10.0.0.1", 1)));
        strict.accept(answer);
        pass(11);
        strict.accept(answer);
        pass(11.9);
        assertThat(strict.current().health()).isEqualTo(SourceHealth.HEALTHY);
        pass(0.2);
        assertThat(strict.current().health()).isEqualTo(SourceHealth.STALE);
        assertThat(strict.current().reason()).isEqualTo("no answer for PT12S (expected: at least one every PT12S)");
        assertThat(strict.current().endpoints().size()).isEqualTo(1);
        strict.accept(answer);
        assertThat(strict.current().health()).isEqualTo(SourceHealth.HEALTHY);
        SourceDetails details = strict.current().details();
        assertThat(details.requests()).isEqualTo(7);
        assertThat(details.freshFor()).isEqualTo(promised[0]);
        assertThat(details.lastFailure()).startsWith("no answer for PT12S");
        assertThat(details.changes())
                .extracting(SourceDetails.SetChange::what)
                .containsExactly("endpoints changed: +10.0.0.1:1");
        strict.stop();
        assertThat(scheduler.pending()).isEmpty();
    }

    @Test
    void trouble_of_a_source_that_answers_is_shown_as_its_last_failure_and_health_stays() {
        String[] trouble = {null};
        EndpointWatcher watcher = new EndpointWatcher(
                "static:///x:1",
                () -> new SourceCalls.Facts(null, 0, trouble[0]),
                WatcherConfig.defaults(),
                scheduler.ticker(),
                scheduler,
                snapshot -> {});
        EndpointSource.Endpoints answer = new EndpointSource.Endpoints(List.of(Endpoint.of("10.0.0.1", 1)));
        watcher.accept(answer);
        assertThat(watcher.current().details().lastFailure()).isNull();
        trouble[0] = "every watch breaks";
        watcher.accept(answer);
        assertThat(watcher.current().health()).isEqualTo(SourceHealth.HEALTHY);
        assertThat(watcher.current().details().lastFailure()).isEqualTo("every watch breaks");
        trouble[0] = null;
        watcher.accept(answer);
        assertThat(watcher.current().details().lastFailure())
                .as("also after it recovered")
                .isEqualTo("every watch breaks");
    }

    @Test
    void the_last_ten_changes_are_shown_with_their_times_oldest_first() {
        EndpointWatcher watcher = new EndpointWatcher(
                "static:///x:1", WatcherConfig.defaults(), scheduler.ticker(), scheduler, snapshot -> {});
        List<Long> times = new ArrayList<>();
        List<String> expected = new ArrayList<>();
        List<Endpoint> known = new ArrayList<>();
        for (int i = 1; i <= 12; i++) {
            known.add(Endpoint.of("10.0.0." + i, 1));
            expected.add("endpoints changed: +10.0.0." + i + ":1");
            watcher.accept(new EndpointSource.Endpoints(known));
            pass(60);
            times.add(watcher.current()
                    .details()
                    .changes()
                    .get(Math.min(i, 10) - 1)
                    .atNanos());
        }
        assertThat(watcher.current().details().changes())
                .extracting(SourceDetails.SetChange::what)
                .containsExactlyElementsOf(expected.subList(2, 12));
        assertThat(watcher.current().details().changes())
                .extracting(SourceDetails.SetChange::atNanos)
                .containsExactlyElementsOf(times.subList(2, 12))
                .isSorted()
                .doesNotHaveDuplicates();
    }
}

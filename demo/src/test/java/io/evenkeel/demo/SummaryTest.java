package io.evenkeel.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Judges made-up runs: one in which everything went well, and ones that differ in a single thing. */
class SummaryTest {
    private static final long SECOND = 1_000_000_000L;
    private static final int LENGTH = 20;
    private static final List<String> PODS = List.of("a", "b", "c", "d");

    private final Ledger ledger = new Ledger();
    private final List<Stage> stages = new ArrayList<>();

    SummaryTest() {
        for (Stage.Name name : Stage.Name.values()) {
            long from = name.ordinal() * LENGTH * SECOND;
            boolean aboutOne = name == Stage.Name.SCALE_OUT || name == Stage.Name.KILL || name == Stage.Name.FREEZE;
            Stage.Event event = aboutOne ? new Stage.Event("d", from, Map.of(Kind.EVENKEEL, 2)) : null;
            stages.add(new Stage(
                    name, from, from + LENGTH * SECOND, PODS, event, Map.of(Kind.EVENKEEL, new Stage.Moves(10, 10))));
            for (Kind kind : Kind.values()) {
                for (int i = 1; i <= LENGTH * 20; i++) {
                    ledger.record(kind, sample(PODS.get(i % 4), from + i * SECOND / 20, null));
                }
            }
        }
    }

    @Test
    void perfect_run_keeps_every_promise() {
        assertThat(missed(0)).isEmpty();
    }

    @Test
    void failure_while_a_pod_is_drained_is_a_broken_promise() {
        fail(Stage.Name.SCALE_IN, "b");
        assertThat(missed(0)).containsExactly("failed queries, scale-in 4 to 3");
    }

    @Test
    void killed_pod_may_fail_what_was_under_way_and_nothing_that_began_later() {
        long killed = stages.get(Stage.Name.KILL.ordinal()).from();
        for (int i = 0; i < 10; i++) {
            ledger.record(Kind.EVENKEEL, new Sample("d", killed - 5, killed - 5, killed + SECOND, "broken"));
        }
        ledger.record(Kind.EVENKEEL, new Sample("d", killed, killed + 4_000_000, killed + SECOND, "broken"));
        assertThat(missed(0)).isEmpty();
        ledger.record(Kind.EVENKEEL, new Sample("d", killed, killed + 6_000_000, killed + SECOND, "broken"));
        assertThat(missed(0)).containsExactly("failed queries (begun > 5 ms after), SIGKILL, restart");
    }

    @Test
    void frozen_pod_may_fail_each_of_its_connections_once() {
        fail(Stage.Name.FREEZE, "d");
        fail(Stage.Name.FREEZE, "d");
        assertThat(missed(0)).isEmpty();
        fail(Stage.Name.FREEZE, "d");
        assertThat(missed(0)).hasSize(1).first().asString().startsWith("failed queries (in flight), ");
    }

    @Test
    void failure_at_another_pod_than_the_killed_one_is_a_broken_promise() {
        fail(Stage.Name.KILL, "a");
        assertThat(missed(0)).containsExactly("failed queries (begun > 5 ms after), SIGKILL, restart");
    }

    @Test
    void failure_of_the_plain_client_breaks_no_promise() {
        ledger.record(Kind.PLAIN, sample("a", 25 * SECOND, "broken"));
        assertThat(missed(0)).isEmpty();
    }

    @Test
    void connection_that_is_left_is_a_broken_promise() {
        assertThat(missed(1)).containsExactly("connections left after close");
    }

    @Test
    void more_connects_than_a_tenth_above_the_least_are_a_broken_promise() {
        Stage old = stages.get(Stage.Name.SCALE_OUT.ordinal());
        stages.set(
                Stage.Name.SCALE_OUT.ordinal(),
                new Stage(
                        old.name(),
                        old.from(),
                        old.to(),
                        old.pods(),
                        old.event(),
                        Map.of(Kind.EVENKEEL, new Stage.Moves(12, 10))));
        assertThat(missed(0)).containsExactly("connects (least possible), scale-out 3 to 4");
    }

    private void fail(Stage.Name name, String pod) {
        ledger.record(Kind.EVENKEEL, sample(pod, stages.get(name.ordinal()).from() + SECOND, "broken"));
    }

    private List<String> missed(int leftBehind) {
        return new Summary(stages, ledger, leftBehind)
                .rows().stream()
                        .filter(row -> !row.reached())
                        .map(Summary.Row::what)
                        .toList();
    }

    private static Sample sample(String pod, long ended, @Nullable String failure) {
        return new Sample(pod, ended - 1, ended - 1, ended, failure);
    }
}

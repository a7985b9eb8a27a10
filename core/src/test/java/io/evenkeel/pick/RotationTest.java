package io.evenkeel.pick;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** One rule at a time; {@link RotationSimulationTest} has them at work. */
class RotationTest {

    private static final long MS = 1_000_000;

    private final Rotation rotation = new Rotation(1);
    private long now = Long.MAX_VALUE - 3_000 * MS;

    private static SimulatedPod[] pods(int count) {
        return Simulation.pods(count);
    }

    private int[] picks(int count, SimulatedPod... pods) {
        int[] picks = new int[pods.length];
        for (int i = 0; i < count; i++) {
            now += MS;
            SimulatedPod picked = rotation.pick(pods, false, now);
            picks[List.of(pods).indexOf(picked)]++;
        }
        return picks;
    }

    private void answered(SimulatedPod pod, int count, long nanos) {
        for (int i = 0; i < count; i++) {
            pod.statistics().began(now);
            pod.statistics().answered(nanos, now);
        }
    }

    @Test
    void equal_connections_take_turns() {
        assertThat(picks(12, pods(4))).containsOnly(3);
    }

    @Test
    void the_clock_may_overflow() {
        now = Long.MAX_VALUE - 5 * MS;
        assertThat(picks(12, pods(4))).containsOnly(3);
    }

    @Test
    void weights_are_turns() {
        SimulatedPod[] pods = pods(3);
        pods[1].weight = 2;
        pods[2].weight = 3;
        assertThat(picks(600, pods)).satisfies(picks -> {
            assertThat(picks[0]).isBetween(99, 101);
            assertThat(picks[1]).isBetween(199, 201);
            assertThat(picks[2]).isBetween(299, 301);
        });
    }

    @Test
    void one_that_has_more_than_its_share_in_flight_is_passed_over_until_it_has_room() {
        SimulatedPod[] pods = pods(2);
        pods[0].inFlight = 3;
        assertThat(picks(10, pods)).containsExactly(0, 10);
        pods[0].inFlight = 0;
        int[] after = picks(10, pods);
        assertThat(after[0]).as("it catches up on two turns, not on ten").isBetween(5, 7);
    }

    @Test
    void a_slower_one_gets_less() {
        assertThat(picksOfOneThatTakes(8))
                .as("of 220, beside one that takes 2 ms")
                .isBetween(22, 40);
    }

    @Test
    void one_that_is_slower_by_far_gets_a_tenth_of_the_others_turns() {
        assertThat(picksOfOneThatTakes(200)).isBetween(18, 22);
    }

    private int picksOfOneThatTakes(long millis) {
        SimulatedPod[] pods = pods(2);
        answered(pods[0], 200, millis * MS);
        answered(pods[1], 200, 2 * MS);
        int picks = 0;
        for (int i = 0; i < 220; i++) {
            picks += rotation.pick(pods, false, now) == pods[0] ? 1 : 0;
        }
        return picks;
    }

    @Test
    void what_was_slow_long_ago_is_forgotten_without_a_new_sample() {
        SimulatedPod[] pods = pods(2);
        answered(pods[0], 200, 8 * MS);
        now += 30_000 * MS;
        answered(pods[1], 200, 2 * MS);
        assertThat(picks(100, pods)[0]).isBetween(49, 51);
    }

    @Test
    void one_that_is_a_little_quicker_is_no_magnet() {
        SimulatedPod[] pods = pods(3);
        answered(pods[0], 200, 14 * MS / 10);
        answered(pods[1], 200, 2 * MS);
        answered(pods[2], 200, 2 * MS);
        assertThat(picks(300, pods)[0]).isBetween(99, 101);
    }

    @Test
    void one_failure_changes_nothing_and_only_failures_put_it_out_of_service() {
        SimulatedPod[] pods = pods(2);
        answered(pods[0], 5, 2 * MS);
        answered(pods[1], 5, 2 * MS);
        pods[0].statistics().failed(now);
        assertThat(picks(100, pods)[0]).isBetween(49, 51);
        for (int i = 0; i < 50; i++) {
            pods[0].statistics().failed(now);
            answered(pods[1], 1, 2 * MS);
        }
        assertThat(picks(1_000, pods)[0]).as("one a second").isBetween(1, 2);
    }

    @Test
    void if_all_fail_they_take_turns() {
        SimulatedPod[] pods = pods(3);
        for (SimulatedPod pod : pods) {
            for (int i = 0; i < 50; i++) {
                pod.statistics().failed(now);
            }
        }
        assertThat(picks(30, pods)).containsOnly(10);
    }

    @Test
    void a_silent_one_is_out_of_service_until_it_answers_and_silence_is_only_that_of_what_was_sent_since() {
        SimulatedPod[] pods = pods(2);
        answered(pods[0], 20, 2 * MS);
        answered(pods[1], 20, 2 * MS);
        pods[0].statistics().began(now);
        now += 100 * MS;
        answered(pods[1], 20, 2 * MS);
        assertThat(picks(100, pods)[0]).isLessThanOrEqualTo(1);
        pods[0].statistics().answered(2 * MS, now);
        // What was asked before that answer may take hours.
        now += 100 * MS;
        assertThat(picks(100, pods)[0]).isBetween(49, 52);
    }

    @Test
    void a_caller_that_soon_stops_waiting_leaves_no_silence_and_one_that_waited_in_vain_does() {
        SimulatedPod[] pods = pods(2);
        answered(pods[0], 20, 2 * MS);
        answered(pods[1], 20, 2 * MS);
        pods[0].statistics().began(now);
        pods[0].statistics().abandoned(3 * MS, now, true);
        now += 500 * MS;
        assertThat(picks(100, pods)[0]).isBetween(49, 51);
        pods[0].statistics().began(now);
        now += 500 * MS;
        pods[0].statistics().abandoned(500 * MS, now, true);
        answered(pods[1], 1, 2 * MS);
        assertThat(picks(100, pods)[0]).isLessThanOrEqualTo(1);
    }

    /** As after a pause of this process: what it owes is sent before it reads what was answered meanwhile. */
    @Test
    void when_all_are_silent_none_is_and_one_that_fails_gets_nothing_of_what_they_would() {
        SimulatedPod[] pods = pods(4);
        for (SimulatedPod pod : pods) {
            answered(pod, 200, 20 * MS);
        }
        for (int i = 0; i < 50; i++) {
            pods[3].statistics().failed(now);
        }
        picks(100, pods);
        for (SimulatedPod pod : List.of(pods).subList(0, 3)) {
            answered(pod, 1, 20 * MS);
            pod.statistics().began(now);
        }
        now += 900 * MS;
        int[] picks = picks(90, pods);
        assertThat(picks[3]).as("one a second").isLessThanOrEqualTo(1);
        assertThat(picks).as("the others").satisfies(all -> {
            assertThat(all[0]).isBetween(29, 31);
            assertThat(all[1]).isBetween(29, 31);
            assertThat(all[2]).isBetween(29, 31);
        });
    }

    @Test
    void none_is_picked_where_none_is_available_and_an_only_one_in_any_case() {
        SimulatedPod[] pods = pods(2);
        pods[0].available = false;
        pods[1].available = false;
        assertThat(rotation.<SimulatedPod>pick(pods, false, now)).isNull();
        assertThat(rotation.<SimulatedPod>pick(new SimulatedPod[0], false, now)).isNull();
        pods[0].available = true;
        pods[0].inFlight = 1_000;
        for (int i = 0; i < 50; i++) {
            pods[0].statistics().failed(now);
        }
        assertThat(picks(10, pods)).containsExactly(10, 0);
    }

    @Test
    void clients_that_start_together_begin_at_different_pods() {
        int[] first = new int[4];
        for (int seed = 0; seed < 400; seed++) {
            SimulatedPod[] pods = pods(4);
            first[List.of(pods).indexOf(new Rotation(seed).pick(pods, false, now))]++;
        }
        for (int count : first) {
            assertThat(count).isBetween(60, 140);
        }
    }

    /** Again and again, since threads meet in the same pick more often where the code is compiled. */
    @RepeatedTest(20)
    void threads_that_pick_at_once_share_evenly_all_the_same() throws InterruptedException {
        SimulatedPod[] pods = pods(3);
        pods[2].weight = 2;
        // Weights count from the first appraisal on, whose thread may be interrupted while others pick already.
        picks(4, pods);
        int threads = 4;
        int each = 50_000;
        AtomicIntegerArray picks = new AtomicIntegerArray(3);
        CountDownLatch begin = new CountDownLatch(1);
        List<Thread> all = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            Thread thread = new Thread(() -> {
                try {
                    begin.await();
                } catch (InterruptedException e) {
                    return;
                }
                for (int j = 0; j < each; j++) {
                    SimulatedPod picked = rotation.pick(pods, false, now + j * 1_000L);
                    picks.getAndIncrement(picked == pods[0] ? 0 : picked == pods[1] ? 1 : 2);
                }
            });
            thread.start();
            all.add(thread);
        }
        begin.countDown();
        for (Thread thread : all) {
            thread.join();
        }
        int sum = threads * each;
        assertThat(picks.get(0) + picks.get(1) + picks.get(2)).isEqualTo(sum);
        assertThat(picks.get(0) * 4.0 / sum).isBetween(0.99, 1.01);
        assertThat(picks.get(2) * 2.0 / sum).isBetween(0.99, 1.01);
    }

    @Test
    void a_thread_that_is_behind_sets_no_pass_back_which_would_be_a_turn_for_nothing() {
        Turn turn = new Turn();
        turn.appraise(2, Appraisal.Standing.IN_SERVICE, 0, 0);
        turn.place(0, 0);
        long stride = (long) Turn.SCALE / 2;
        assertThat(turn.take(0, turn.key(0, 0), 0)).isTrue();
        assertThat(turn.pass()).isEqualTo(stride);
        assertThat(turn.key(stride, -10 * stride)).isEqualTo(stride);
        assertThat(turn.key(stride, 10 * stride)).as("far behind itself").isEqualTo(8 * stride);
    }

    @Test
    void one_whose_share_has_grown_waits_no_longer_than_that_allows() {
        Turn turn = new Turn();
        turn.appraise(0.001, Appraisal.Standing.IN_SERVICE, 0, 0);
        turn.place(0, 0);
        turn.takeAnyway(0);
        long far = turn.pass();
        assertThat(far).isGreaterThan(900 * (long) Turn.SCALE);
        turn.appraise(0.001, Appraisal.Standing.IN_SERVICE, 0, 0);
        assertThat(turn.pass()).as("the same share").isEqualTo(far);
        turn.appraise(0.0005, Appraisal.Standing.IN_SERVICE, 0, 0);
        assertThat(turn.pass()).as("a smaller one").isEqualTo(far);
        turn.appraise(1, Appraisal.Standing.IN_SERVICE, 0, 5 * (long) Turn.SCALE);
        assertThat(turn.pass()).isEqualTo(6 * (long) Turn.SCALE);
    }

    @Test
    void the_quick_logarithm_is_near_the_exact_one() {
        for (long nanos = 1; nanos < Long.MAX_VALUE / 8; nanos += nanos / 4 + 1) {
            assertThat(RequestStatistics.log2(nanos)).isBetween(log2(nanos) - 0.09, log2(nanos) + 1e-9);
        }
    }

    private static double log2(long nanos) {
        return Math.log(nanos) / Math.log(2);
    }
}

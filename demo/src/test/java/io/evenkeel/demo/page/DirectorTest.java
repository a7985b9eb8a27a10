package io.evenkeel.demo.page;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.demo.ClusterPauses;
import io.evenkeel.demo.page.PodView.State;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class DirectorTest {
    private static final Answer ACCEPTED = new Answer.Accepted();

    private final ManualSchedule schedule = new ManualSchedule();
    private final FakeExhibit exhibit = new FakeExhibit(3, 5);
    private final Timeline timeline = new Timeline(schedule::nanoTime);
    private final Director director = new Director(exhibit, timeline, schedule);

    @AfterEach
    void end() {
        schedule.shutdownNow();
    }

    private static void refused(Answer answer, String reason) {
        assertThat(answer).isEqualTo(new Answer.Refused(reason));
    }

    private List<String> said() {
        return timeline.entries().stream().map(Timeline.Entry::text).toList();
    }

    @Test
    void a_drained_pod_runs_through_its_grace_period() {
        assertThat(director.perform(Action.DRAIN, "pod-1")).isEqualTo(ACCEPTED);
        schedule.advance(ClusterPauses.GRACE.minusMillis(1));
        assertThat(exhibit.done).containsExactly("terminate pod-1");
        schedule.advance(Duration.ofMillis(1));
        assertThat(exhibit.done).containsExactly("terminate pod-1", "remove pod-1");
        assertThat(timeline.entries()).last().isEqualTo(new Timeline.Entry(2, 6.0, "pod-1 is gone"));
    }

    @Test
    void a_killed_pod_is_noticed_after_a_second_and_comes_back() {
        director.perform(Action.KILL, "pod-0");
        schedule.advance(Duration.ZERO);
        assertThat(exhibit.done).containsExactly("kill pod-0");
        schedule.advance(ClusterPauses.NOTICED_AFTER);
        assertThat(exhibit.done).last().isEqualTo("report not ready pod-0");
        schedule.advance(ClusterPauses.RESTART_AFTER);
        assertThat(exhibit.done).last().isEqualTo("restart pod-0");
        assertThat(director.canStrike("pod-0")).isTrue();
    }

    @Test
    void a_pod_takes_one_action_at_a_time_from_the_moment_it_is_accepted() {
        director.perform(Action.FREEZE, "pod-0");
        refused(director.perform(Action.KILL, "pod-0"), "pod-0 is busy with what was asked before");
        schedule.advance(ClusterPauses.FROZEN);
        assertThat(director.perform(Action.KILL, "pod-0")).isEqualTo(ACCEPTED);
    }

    @Test
    void one_pod_that_serves_always_remains() {
        director.perform(Action.FREEZE, "pod-0");
        director.perform(Action.DRAIN, "pod-1");
        refused(director.perform(Action.KILL, "pod-2"), "pod-2 is the last Pod that serves; add one first");
        assertThat(director.canStrike("pod-2")).isFalse();
    }

    @Test
    void no_more_pods_are_added_than_there_is_room_for_those_being_added_included() {
        assertThat(director.perform(Action.ADD, null)).isEqualTo(ACCEPTED);
        assertThat(director.perform(Action.ADD, null)).isEqualTo(ACCEPTED);
        refused(director.perform(Action.ADD, null), "There is room for 5 Pods here; drain one first");
        schedule.advance(Duration.ZERO);
        assertThat(exhibit.pods()).hasSize(5);
        refused(director.perform(Action.ROLLING_UPDATE, null), "There is room for 5 Pods here; drain one first");
    }

    @Test
    void a_rolling_update_replaces_each_pod_by_one_that_was_ready_before() {
        director.perform(Action.ROLLING_UPDATE, null);
        refused(director.perform(Action.ROLLING_UPDATE, null), "A rolling update is under way");
        schedule.advance(Duration.ofMinutes(1));
        assertThat(exhibit.done)
                .containsExactly(
                        "add pod-3",
                        "terminate pod-0",
                        "remove pod-0",
                        "add pod-4",
                        "terminate pod-1",
                        "remove pod-1",
                        "add pod-5",
                        "terminate pod-2",
                        "remove pod-2");
        assertThat(director.canRoll()).isTrue();
    }

    @Test
    void a_rolling_update_waits_for_a_pod_that_another_viewer_has_killed() {
        director.perform(Action.ROLLING_UPDATE, null);
        schedule.advance(ClusterPauses.GRACE);
        director.perform(Action.KILL, "pod-1");
        schedule.advance(Duration.ofMinutes(1));
        assertThat(said()).last().isEqualTo("rolling update is over");
        assertThat(exhibit.done).contains("restart pod-1", "terminate pod-1", "remove pod-1");
    }

    @Test
    void a_rolling_update_passes_over_a_pod_that_was_drained_and_waits_for_one_that_is_slow_to_come_back() {
        director.perform(Action.ROLLING_UPDATE, null);
        director.perform(Action.DRAIN, "pod-1");
        director.perform(Action.KILL, "pod-2");
        schedule.advance(ClusterPauses.NOTICED_AFTER);
        exhibit.failure = "out of memory";
        schedule.advance(Duration.ofMinutes(1));
        assertThat(said())
                .containsSubsequence("pod-2 failed: out of memory", "pod-2 is back", "pod-2 is gone")
                .last()
                .isEqualTo("rolling update is over");
        assertThat(exhibit.pods()).extracting(PodView::name).containsExactly("pod-3", "pod-4");
        assertThat(director.canRoll()).isTrue();
    }

    @ParameterizedTest
    @EnumSource(names = {"DRAIN", "KILL", "FREEZE"})
    void what_was_begun_with_a_pod_is_brought_to_its_end_however_often_a_step_fails(Action action) {
        director.perform(action, "pod-1");
        schedule.advance(Duration.ZERO);
        for (int second = 0; second < 30; second++) {
            exhibit.failure = "no room";
            schedule.advance(Duration.ofSeconds(1));
            assertThat(director.canStrike("pod-1")).isFalse();
        }
        exhibit.failure = "";
        schedule.advance(ClusterPauses.RESTART_AFTER.plus(ClusterPauses.RESTART_AFTER));
        assertThat(said()).contains("pod-1 failed: no room");
        assertThat(exhibit.pods()).allMatch(DirectorTest::serves).hasSize(action == Action.DRAIN ? 2 : 3);
        assertThat(director.canStrike("pod-0")).isTrue();
    }

    @ParameterizedTest
    @CsvSource({"DRAIN, pod-1 is gone", "KILL, pod-1 is back", "FREEZE, pod-1 goes on"})
    void a_blow_that_fails_and_has_struck_does_not_leave_the_pod_where_it_is(Action action, String end) {
        exhibit.struckAllTheSame = true;
        exhibit.failure = "still running";
        director.perform(action, "pod-1");
        schedule.advance(ClusterPauses.GRACE);
        assertThat(said()).containsExactly("pod-1 failed: still running", end);
        assertThat(exhibit.pods()).allMatch(DirectorTest::serves).hasSize(action == Action.DRAIN ? 2 : 3);
        assertThat(director.canStrike("pod-0")).isTrue();
    }

    @Test
    void a_step_that_fails_is_said_and_frees_the_pod() {
        exhibit.failure = "no such process";
        director.perform(Action.FREEZE, "pod-0");
        schedule.advance(ClusterPauses.FROZEN);
        assertThat(said()).containsExactly("pod-0 failed: no such process");
        assertThat(director.canStrike("pod-0")).isTrue();
    }

    @Test
    void a_pod_that_is_gone_is_refused() {
        refused(director.perform(Action.DRAIN, "pod-9"), "pod-9 does not exist any more");
    }

    /** Whatever viewers press: a Pod serves at every moment, the room is kept, and all actions end. */
    @Test
    void any_order_of_presses_leaves_a_pod_that_serves() {
        long seed = System.nanoTime();
        System.out.println("DirectorTest seed " + seed);
        Random random = new Random(seed);
        for (int press = 0; press < 5_000; press++) {
            Action action = Action.values()[random.nextInt(Action.values().length)];
            director.perform(action, action.onePod() ? anyPod(random) : null);
            schedule.advance(Duration.ofMillis(random.nextInt(1_500)));
            assertThat(exhibit.pods()).hasSizeLessThanOrEqualTo(exhibit.most()).anyMatch(DirectorTest::serves);
        }
        schedule.advance(Duration.ofMinutes(5));
        assertThat(exhibit.pods()).allMatch(DirectorTest::serves);
        assertThat(director.canStrike(exhibit.pods().get(0).name()))
                .isEqualTo(exhibit.pods().size() > 1);
    }

    private @Nullable String anyPod(Random random) {
        List<PodView> pods = exhibit.pods();
        return pods.get(random.nextInt(pods.size())).name();
    }

    private static boolean serves(PodView pod) {
        return pod.state() == State.READY;
    }
}

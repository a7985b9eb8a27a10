package io.evenkeel.it.rsocket;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.demo.rsocket.Contender;
import io.evenkeel.demo.rsocket.Figure;
import io.evenkeel.demo.rsocket.Scenario;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * The scenarios of the demonstration, with default settings. Latencies are printed and not asserted: they are the machine's
 * as much as ours.
 */
class ScenariosIT {

    private static List<Figure> play(Scenario scenario) throws Exception {
        List<Figure> figures = scenario.play(Contender.EVENKEEL);
        System.out.println(scenario.title() + ": " + figures);
        return figures;
    }

    @Test
    void scaling_out_fails_nothing_and_gives_the_new_pod_its_part() throws Exception {
        List<Figure> figures = play(Scenario.SCALE_OUT);
        assertThat(Figure.of(figures, Scenario.FAILED)).isZero();
        assertThat(Figure.of(figures, Scenario.NEW_SHARE)).isPositive();
    }

    @Test
    void scaling_in_fails_nothing_and_leaves_nothing_behind() throws Exception {
        List<Figure> figures = play(Scenario.SCALE_IN);
        assertThat(Figure.of(figures, Scenario.FAILED)).isZero();
        assertThat(Figure.of(figures, Scenario.BROKEN_OFF)).isZero();
    }

    @Test
    void a_rolling_update_lets_streams_of_10_s_end() throws Exception {
        List<Figure> figures = play(Scenario.ROLLING_UPDATE);
        assertThat(Figure.of(figures, Scenario.STREAMS_COMPLETED)).isEqualTo(30);
        assertThat(Figure.of(figures, Scenario.FAILED)).isZero();
        assertThat(Figure.of(figures, Scenario.BROKEN_OFF)).isZero();
    }

    /** Least-in-flight alone gives it more than half, taking turns a quarter. */
    @Test
    void a_pod_that_fails_fast_attracts_nothing() throws Exception {
        assertThat(Figure.of(play(Scenario.FAILS_FAST), Scenario.SHARE_AFTER_A_SECOND))
                .isLessThan(0.01);
    }

    @Test
    void a_slow_pod_gets_less_than_its_turn_and_nothing_fails() throws Exception {
        List<Figure> figures = play(Scenario.SLOW);
        assertThat(Figure.of(figures, Scenario.FAILED)).isZero();
        assertThat(Figure.of(figures, Scenario.SLOW_SHARE)).isLessThan(1.0 / 8);
    }

    @Test
    void a_pod_that_restarts_is_used_again_without_a_change_of_the_list() throws Exception {
        assertThat(Figure.of(play(Scenario.KILL), Scenario.SHARE_AFTER_RESTART)).isPositive();
    }

    /** Taking turns sends it 500 requests before keepalive finds it, and goes on; what fails here was on its way to it. */
    @Test
    void a_pod_that_goes_silent_is_avoided_at_once_and_then_left_out() throws Exception {
        List<Figure> figures = play(Scenario.HALF_OPEN);
        assertThat(Figure.of(figures, Scenario.FAILED)).isLessThan(100);
        assertThat(Figure.of(figures, Scenario.STILL_FAILED))
                .as("while it is silent still")
                .isZero();
    }

    @Test
    void a_pod_without_a_lease_is_asked_nothing() throws Exception {
        List<Figure> figures = play(Scenario.LEASES);
        // What is under way when a server grants anew counts as sent under the new lease, which no client can
        // know. So a busy machine may see some; weighted sees 160, round robin half of all.
        double rejected = Figure.of(figures, Scenario.REJECTED);
        assertThat(rejected).isLessThan(125);
        assertThat(Figure.of(figures, Scenario.FAILED) - rejected).isZero();
        assertThat(Figure.of(figures, Scenario.LEASELESS_SHARE)).isZero();
    }
}

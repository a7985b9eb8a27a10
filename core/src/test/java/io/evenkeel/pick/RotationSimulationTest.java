package io.evenkeel.pick;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the rotation is for, at every rate, on simulated Pods and a clock that is not real. */
class RotationSimulationTest {

    private static final long SECOND = Duration.ofSeconds(1).toNanos();
    private static final long[] SEEDS = {1, 2, 3};

    private static Simulation simulation(long seed, SimulatedPod... pods) {
        return new Simulation(Chooser.rotation(seed), seed, pods);
    }

    private static SimulatedPod[] pods(int count, Consumer<SimulatedPod> settings) {
        SimulatedPod[] pods = Simulation.pods(count);
        Arrays.stream(pods).forEach(settings);
        return pods;
    }

    private static void isFair(double[] shares, double within, String what) {
        for (double share : shares) {
            assertThat(share).as(what + " " + Arrays.toString(shares)).isBetween(1 - within, 1 + within);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "1, 0",
        "5, 0",
        "20, 0",
        "100, 0",
        "500, 0",
        "2000, 0",
        "1, 1",
        "10, 1",
        "100, 1",
        "1000, 1",
        "1, 8",
        "100, 8",
        "2000, 8",
        "2000, 64",
        "20000, 64"
    })
    void equal_pods_get_equal_shares_at_every_rate(double perSecond, int callers) {
        for (long seed : SEEDS) {
            for (int count = 2; count <= 10; count++) {
                for (boolean varies : new boolean[] {false, true}) {
                    SimulatedPod.Work work = varies ? SimulatedPod.exponential(5) : SimulatedPod.fixed(5);
                    Simulation simulation = simulation(seed, pods(count, pod -> pod.work = work));
                    if (callers == 0) {
                        simulation.open(perSecond, seed == 1);
                    } else {
                        simulation.callers(callers, perSecond);
                    }
                    simulation.runRequests(100L * count);
                    isFair(
                            simulation.shares(0, Long.MAX_VALUE),
                            0.15,
                            count + " Pods, varies " + varies + ", seed " + seed);
                }
            }
        }
    }

    @Test
    void slow_first_answers_dont_shut_a_pod_out() {
        for (double perSecond : new double[] {10, 100, 1000}) {
            SimulatedPod[] pods = pods(3, pod -> {});
            boolean[] first = {true};
            pods[0].work = random -> {
                long nanos = first[0] ? 500_000_000 : 5_000_000;
                first[0] = false;
                return nanos;
            };
            Simulation simulation = simulation(1, pods);
            simulation.callers(1, perSecond);
            simulation.runRequests(300);
            isFair(simulation.shares(0, Long.MAX_VALUE), 0.3, "at " + perSecond + "/s");
        }
    }

    /** As when a client begins: all goes to the Pod that was connected first, and takes long, since nothing is compiled yet. */
    @ParameterizedTest
    @ValueSource(doubles = {20, 100, 300, 1000, 5000})
    void many_slow_first_answers_dont_shut_a_pod_out(double perSecond) {
        SimulatedPod[] pods = pods(3, pod -> {});
        Simulation simulation = simulation(1, pods[0]);
        pods[0].work = SimulatedPod.fixed(50);
        simulation.open(perSecond, true);
        simulation.runRequests(200);
        simulation.run(Duration.ofMillis(50));
        pods[0].work = SimulatedPod.fixed(5);
        simulation.pods = pods;
        long from = simulation.now();
        simulation.run(Duration.ofSeconds(10));
        long soon = from + SECOND / 5;
        isFair(simulation.shares(soon, soon + (long) (100 / perSecond * SECOND)), 0.15, "soon, at " + perSecond + "/s");
        isFair(simulation.shares(from + 5 * SECOND, from + 10 * SECOND), 0.15, "at " + perSecond + "/s");
    }

    @ParameterizedTest
    @ValueSource(doubles = {1, 5, 20, 100, 500, 2000})
    void after_one_error_a_pod_is_not_without_requests_for_long(double perSecond) {
        for (int count : new int[] {2, 3, 5, 10}) {
            for (double fast : new double[] {1, 5}) {
                SimulatedPod[] pods = pods(count, pod -> pod.failsIn = fast);
                Simulation simulation = simulation(count, pods);
                simulation.open(perSecond, true);
                simulation.runRequests(20L * count);
                pods[0].errorRate = 1;
                long failures = simulation.failed;
                while (simulation.failed == failures) {
                    simulation.runRequests(1);
                }
                pods[0].errorRate = 0;
                long from = simulation.now();
                simulation.run(Duration.ofSeconds(60));
                double fairGap = count / perSecond * 1e9;
                assertThat((double) pods[0].longestGap(from, simulation.now()))
                        .as(count + " Pods")
                        .isLessThanOrEqualTo(Math.max(5 * fairGap, 2 * SECOND));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0.001, 20",
        "0.01, 20",
        "0.05, 20",
        "0.2, 20",
        "0.001, 1000",
        "0.01, 1000",
        "0.05, 1000",
        "0.2, 1000",
        "0.01, 100",
        "0.2, 100",
        "0.2, 2"
    })
    void equal_error_rates_starve_no_pod(double errors, double perSecond) {
        for (long seed : SEEDS) {
            for (int callers : new int[] {1, 16}) {
                SimulatedPod[] pods = pods(4, pod -> {
                    pod.errorRate = errors;
                    pod.work = SimulatedPod.exponential(2);
                });
                Simulation simulation = simulation(seed, pods);
                simulation.callers(callers, perSecond);
                simulation.runRequests((long) Math.max(2_000, 25 * perSecond));
                isFair(simulation.shares(0, Long.MAX_VALUE), 0.15, callers + " callers, seed " + seed);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 8, 16, 64, 256})
    void weights_hold_at_any_concurrency(int callers) {
        for (boolean varies : new boolean[] {false, true}) {
            SimulatedPod[] pods =
                    pods(3, pod -> pod.work = varies ? SimulatedPod.exponential(5) : SimulatedPod.fixed(5));
            for (int i = 0; i < 3; i++) {
                pods[i].weight = i + 1;
            }
            Simulation simulation = simulation(7, pods);
            simulation.callers(callers, 1e9);
            simulation.runRequests(20_000);
            isFair(simulation.shares(0, Long.MAX_VALUE), 0.1, "varies " + varies);
        }
    }

    @ParameterizedTest
    @CsvSource({"5, 1", "100, 1", "100, 16", "2000, 16"})
    void slow_start_is_a_ramp_at_any_rate(double perSecond, int callers) {
        SimulatedPod[] pods = pods(3, pod -> {});
        Simulation simulation = simulation(3, pods[0], pods[1]);
        simulation.callers(callers, perSecond);
        simulation.run(Duration.ofSeconds(10));
        long joined = simulation.now();
        long window = perSecond < 10 ? 600 : 100;
        pods[2].rampingSince = joined;
        pods[2].slowStart = Duration.ofSeconds(window);
        simulation.pods = pods;
        simulation.run(Duration.ofSeconds(window * 3 / 2));
        List<Double> parts = new ArrayList<>();
        for (int i = 0; i < 15; i++) {
            long from = joined + i * window * SECOND / 10;
            parts.add(simulation.shares(from, from + window * SECOND / 10)[2]);
        }
        // With a factor of f its share is f / (2 + f) of all, and fair is a third.
        for (int i = 0; i < 15; i++) {
            double factor = Math.min(1, 0.1 + 0.09 * i);
            assertThat(parts.get(i))
                    .as("tenth " + i + " of " + parts)
                    .isBetween(0.8 * 3 * factor / (2 + factor) - 0.03, 1.2 * 3 * factor / (2 + factor) + 0.03);
        }
        assertThat(parts.subList(0, 10)).as("climbs").isSortedAccordingTo((a, b) -> a > b + 0.05 ? 1 : -1);
    }

    @Test
    void a_pod_that_fails_at_once_gets_next_to_nothing_after_a_second() {
        for (double perSecond : new double[] {300, 1000, 5000}) {
            SimulatedPod[] pods = pods(4, pod -> pod.work = SimulatedPod.exponential(20));
            pods[0].errorRate = 1;
            pods[0].failsIn = 1.0;
            Simulation simulation = simulation(5, pods);
            simulation.open(perSecond, false);
            simulation.run(Duration.ofSeconds(61));
            double part = simulation.shares(SECOND, Long.MAX_VALUE)[0] / 4;
            assertThat(part).as("its part at " + perSecond + "/s").isLessThan(0.01);
            // And once it is well again it is used again.
            pods[0].errorRate = 0;
            simulation.run(Duration.ofSeconds(15));
            long from = simulation.now();
            simulation.run(Duration.ofSeconds(20));
            isFair(simulation.shares(from, Long.MAX_VALUE), 0.15, "well again at " + perSecond + "/s");
        }
    }

    /** What it served before doesn't speak for it. */
    @Test
    void a_pod_that_served_for_long_and_then_fails_at_once_gets_next_to_nothing_after_a_second() {
        for (double perSecond : new double[] {300, 1000, 5000}) {
            SimulatedPod[] pods = pods(4, pod -> pod.work = SimulatedPod.exponential(5));
            Simulation simulation = simulation(5, pods);
            simulation.open(perSecond, false);
            simulation.run(Duration.ofSeconds(30));
            pods[0].errorRate = 1;
            pods[0].failsIn = 1.0;
            simulation.run(Duration.ofSeconds(1));
            long from = simulation.now();
            simulation.run(Duration.ofSeconds(5));
            double part = simulation.shares(from, Long.MAX_VALUE)[0] / 4;
            assertThat(part).as("its part at " + perSecond + "/s").isLessThan(0.01);
        }
    }

    @Test
    void a_slower_pod_doesnt_show_in_the_95th_percentile() {
        for (long seed : SEEDS) {
            SimulatedPod[] pods = pods(8, pod -> {
                pod.workers = 8;
                pod.work = SimulatedPod.fixed(20);
            });
            pods[0].work = SimulatedPod.fixed(80);
            Simulation simulation = simulation(seed, pods);
            simulation.open(0.6 * 7.25 * 8 / 0.020, false);
            simulation.run(Duration.ofSeconds(20));
            assertThat(simulation.percentileMillis(0.95))
                    .as("p95 in ms, p99 " + simulation.percentileMillis(0.99) + ", seed " + seed)
                    .isLessThanOrEqualTo(30);
        }
    }

    @Test
    void a_silent_pod_is_left_at_once_and_tried_now_and_then() {
        for (double perSecond : new double[] {30, 600, 3000}) {
            SimulatedPod[] pods = pods(3, pod -> pod.work = SimulatedPod.exponential(5));
            Simulation simulation = simulation(2, pods);
            simulation.open(perSecond, false);
            simulation.run(Duration.ofSeconds(5));
            pods[1].silent = true;
            long from = simulation.now();
            simulation.run(Duration.ofSeconds(20));
            assertThat(pods[1].receivedBetween(from, from + 20 * SECOND))
                    .as("requests of 20 s that it swallowed, at " + perSecond + "/s")
                    .isBetween(1L, 14 + (long) (0.06 * perSecond / 3));
        }
    }

    @Test
    void without_a_lease_there_is_no_request() {
        SimulatedPod[] pods = pods(3, pod -> {});
        pods[2].available = false;
        Simulation simulation = simulation(2, pods);
        simulation.open(500, false);
        simulation.run(Duration.ofSeconds(10));
        assertThat(pods[2].received).isEmpty();
        pods[0].available = false;
        pods[1].available = false;
        simulation.run(Duration.ofSeconds(1));
        assertThat(simulation.refused).isPositive();
    }

    @Test
    void a_day_of_light_load_leaves_no_drift() {
        SimulatedPod[] pods = pods(4, pod -> {
            pod.work = SimulatedPod.exponential(20);
            pod.errorRate = 0.01;
        });
        Simulation simulation = simulation(11, pods);
        simulation.callers(2, 2);
        for (int hour = 0; hour < 24; hour++) {
            long from = simulation.now();
            simulation.run(Duration.ofHours(1));
            isFair(simulation.shares(from, Long.MAX_VALUE), 0.05, "hour " + hour);
        }
        for (SimulatedPod pod : pods) {
            assertThat(pod.longestGap(0, simulation.now())).as("longest gap").isLessThan(5 * 2 * SECOND);
        }
    }
}

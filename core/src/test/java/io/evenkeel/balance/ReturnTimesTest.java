package io.evenkeel.balance;

import static io.evenkeel.balance.BalanceBed.config;
import static io.evenkeel.balance.BalanceBed.pods;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.Endpoint;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * How long after an endpoint can be reached again it carries work: at the median within 3 s, at the 95th percentile within
 * 5 s, for absences of 1 to 60 s. Simulated, 100 trials each; the adapter gives no evidence of its own, so what is measured is
 * core's share: probes and the back-off of opens.
 */
class ReturnTimesTest {

    private static final int TRIALS = 100;
    private static final long STEP_MILLIS = 50;

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 10, 20, 40, 60})
    void an_ejected_endpoint_carries_work_soon_after_it_is_back(int absenceSeconds) {
        List<Long> times = new ArrayList<>();
        for (int seed = 0; seed < TRIALS; seed++) {
            BalanceBed bed = new BalanceBed(9, config().build(), seed);
            List<Endpoint> pods = pods(3);
            bed.publish(pods);
            bed.passSeconds(1);
            bed.connections.crash(pods.get(0));
            for (int i = 0; i < 5; i++) {
                bed.rebalancer.signals().failed(pods.get(0).key(), new IOException("connection reset"));
            }
            bed.pass(absence(absenceSeconds, seed));
            bed.connections.reachable(pods.get(0));
            times.add(millisUntilRoutable(bed, pods.get(0)));
        }
        assertSoon("ejected", absenceSeconds, times);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 5, 10, 20, 40, 60})
    void an_endpoint_that_could_not_be_reached_gets_its_seats_soon_after_it_can(int absenceSeconds) {
        List<Long> times = new ArrayList<>();
        for (int seed = 0; seed < TRIALS; seed++) {
            BalanceBed bed = new BalanceBed(3, config().build(), seed);
            Endpoint only = pods(1).get(0);
            bed.connections.unreachable(only, true);
            bed.publish(only);
            bed.pass(absence(absenceSeconds, seed));
            bed.connections.reachable(only);
            times.add(millisUntilRoutable(bed, only));
        }
        assertSoon("unreachable and not ejected", absenceSeconds, times);
    }

    /** Not always at the same distance from a try. */
    private static Duration absence(int seconds, int seed) {
        return Duration.ofMillis(seconds * 1_000L + seed * 37 % 1_000);
    }

    private static long millisUntilRoutable(BalanceBed bed, Endpoint endpoint) {
        long passed = 0;
        while (!bed.isRoutable(endpoint) && passed < 120_000) {
            bed.pass(Duration.ofMillis(STEP_MILLIS));
            passed += STEP_MILLIS;
        }
        return passed;
    }

    private static void assertSoon(String what, int absenceSeconds, List<Long> times) {
        times.sort(null);
        long median = times.get(TRIALS / 2);
        long p95 = times.get(TRIALS * 95 / 100);
        System.out.printf(
                "%s for %d s: carries work again after %d ms (median), %d ms (95th percentile), %d ms (most)%n",
                what, absenceSeconds, median, p95, times.get(TRIALS - 1));
        assertThat(median).isLessThanOrEqualTo(3_000);
        assertThat(p95).isLessThanOrEqualTo(5_000);
    }
}

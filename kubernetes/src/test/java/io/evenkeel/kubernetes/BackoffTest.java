package io.evenkeel.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.source.SourceContext;
import io.evenkeel.time.ManualScheduler;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** How long is waited after each of many failures in a row, without a server. */
class BackoffTest {

    private static final int[] LONGEST_SECONDS = {1, 2, 4, 8, 16, 30, 30, 30, 30, 30, 30, 30, 30};
    // Of seeds that follow each other the first numbers are alike, which those of different clients are not.
    private static final long[] SEEDS = new Random(7).longs(50).toArray();

    private static List<Duration> waits(long seed) {
        ManualScheduler scheduler = new ManualScheduler();
        List<Runnable> sessions = new ArrayList<>();
        SourceContext context = new SourceContext(scheduler.ticker(), scheduler, Runnable::run, new Random(seed));
        List<Duration> waits = new ArrayList<>();
        try (KubernetesEndpointSource source = KubernetesEndpointSource.builder("k8s:///pg.default:5432")
                .environment(new ApiEnvironment(Map.of("HOME", "/none"), Path.of("/none")))
                .sessions(sessions::add)
                .build(context)) {
            source.start(report -> {});
            scheduler.runDue();
            for (int i = 0; i < LONGEST_SECONDS.length; i++) {
                // There is no configuration, so the session fails at once.
                sessions.remove(0).run();
                scheduler.runDue();
                assertThat(scheduler.pending()).hasSize(1);
                Duration wait = scheduler.pending().get(0);
                waits.add(wait);
                scheduler.advance(wait);
            }
        }
        return waits;
    }

    @Test
    void it_doubles_from_one_second_to_thirty_and_half_of_it_is_at_random() {
        for (long seed : SEEDS) {
            List<Duration> waits = waits(seed);
            for (int i = 0; i < LONGEST_SECONDS.length; i++) {
                assertThat(waits.get(i))
                        .as("after failure %d, seed %d", i + 1, seed)
                        .isBetween(
                                Duration.ofMillis(LONGEST_SECONDS[i] * 500L), Duration.ofSeconds(LONGEST_SECONDS[i]));
            }
        }
    }

    @Test
    void those_who_fail_together_do_not_come_back_together() {
        for (int i = 0; i < LONGEST_SECONDS.length; i++) {
            Set<Long> tenths = new HashSet<>();
            for (long seed : SEEDS) {
                tenths.add(waits(seed).get(i).toMillis() * 10 / (LONGEST_SECONDS[i] * 1000L));
            }
            assertThat(tenths)
                    .as("tenths of the longest wait, failure %d", i + 1)
                    .contains(5L, 6L, 7L, 8L, 9L);
        }
    }
}

package io.evenkeel.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.time.ManualScheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Outcomes from several threads while the control thread ejects, spares, probes, and adds and removes endpoints. */
class EndpointHealthStressTest {

    private static final int REPORTERS = 4;
    private static final int OUTCOMES = 60_000;
    private static final int PODS = 6;
    private static final long SEED = 77;

    private final ManualScheduler time = new ManualScheduler();
    private final List<EndpointKey> pods = new ArrayList<>();
    private final AtomicInteger changes = new AtomicInteger();
    private final EndpointHealth health = new EndpointHealth(
            "stress",
            HealthConfig.builder().baseEjection(Duration.ofMillis(5)).build(),
            time.ticker(),
            new SplittableRandom(SEED),
            changes::incrementAndGet);

    EndpointHealthStressTest() {
        for (int i = 0; i < PODS; i++) {
            pods.add(new EndpointKey("pod-" + i, "10.0.0." + (i + 1), 5432));
        }
    }

    @Test
    void the_cap_holds_at_every_look_and_afterwards_everyone_can_return() throws Exception {
        System.out.println("seed " + SEED);
        health.retain(new LinkedHashSet<>(pods));
        ExecutorService reporters = Executors.newFixedThreadPool(REPORTERS);
        int looksWithEjections = 0;
        try {
            List<Future<?>> running = new ArrayList<>();
            SplittableRandom random = new SplittableRandom(SEED);
            for (int i = 0; i < REPORTERS; i++) {
                SplittableRandom own = random.split();
                running.add(reporters.submit(() -> report(own)));
            }
            while (!running.stream().allMatch(Future::isDone)) {
                int present = PODS - random.nextInt(4);
                health.retain(new LinkedHashSet<>(pods.subList(0, present)));
                looksWithEjections += look(present, random);
                time.advance(Duration.ofMillis(1));
            }
            for (Future<?> reporter : running) {
                reporter.get(1, TimeUnit.MINUTES);
            }
        } finally {
            reporters.shutdownNow();
            assertThat(reporters.awaitTermination(1, TimeUnit.MINUTES)).isTrue();
        }
        assertThat(changes.get()).isPositive();
        assertThat(looksWithEjections).isPositive();
        everyoneReturns();
    }

    private void report(SplittableRandom random) {
        for (int i = 0; i < OUTCOMES; i++) {
            EndpointKey pod = pods.get(random.nextInt(PODS));
            // The first three fail nine times in ten, the others seldom.
            boolean fails = random.nextInt(100) < (pods.indexOf(pod) < 3 ? 90 : 3);
            if (random.nextInt(20) == 0) {
                health.alive(pod);
            }
            if (fails) {
                health.failed(pod, new IOException("refused"));
            } else {
                health.succeeded(pod);
            }
        }
    }

    private int look(int present, SplittableRandom random) {
        HealthView view = health.view();
        Set<EndpointKey> known = new HashSet<>(pods.subList(0, present));
        assertThat(view.ejected().size()).as("out of %d", present).isLessThanOrEqualTo(Math.max(1, present / 3));
        assertThat(known).containsAll(view.ejected());
        assertThat(view.ejected()).containsAll(view.probeDue());
        for (EndpointKey due : view.probeDue()) {
            assertThat(health.beginProbe(due)).isTrue();
            if (random.nextInt(10) > 0) {
                health.probed(due, random.nextBoolean(), null);
            }
        }
        return view.ejected().isEmpty() ? 0 : 1;
    }

    private void everyoneReturns() {
        health.retain(new LinkedHashSet<>(pods));
        for (int round = 0; round < 50; round++) {
            for (EndpointKey pod : pods) {
                health.beginProbe(pod);
                health.probed(pod, true, null);
            }
            time.advance(Duration.ofMinutes(5));
            health.view();
        }
        assertThat(health.view().ejected()).isEmpty();
        assertThat(health.nextDue().isNever()).isTrue();
    }
}

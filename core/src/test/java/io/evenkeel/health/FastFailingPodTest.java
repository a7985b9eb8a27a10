package io.evenkeel.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.time.DueTime;
import io.evenkeel.time.ManualScheduler;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * A simulation of why ejection is needed: a Pod that fails at once always has the fewest requests in flight, so a client
 * that sends work to the least busy Pod sends it there.
 *
 * <p>Eight Pods, seven of which answer after 20 ms on average and one fails within 1 ms; requests come at random, 1,500 a
 * second, each to the Pod with the fewest in flight (one of those at random), for ten minutes of simulated time. A probe
 * takes as long as a request, and always fails at the failing Pod.
 */
class FastFailingPodTest {

    private static final int PODS = 8;
    private static final double REQUESTS_PER_SECOND = 1_500;
    private static final double ANSWER_MILLIS = 20;
    private static final double FAIL_MILLIS = 1;
    private static final Duration LENGTH = Duration.ofMinutes(10);
    private static final long SEED = 20_261_124;

    @Test
    void with_ejection_a_fast_failing_pod_does_not_attract_work() {
        Share without = new Simulation(false, false).run();
        Share with = new Simulation(true, false).run();
        System.out.printf(
                "fast-failing Pod, 1 of %d, seed %d: least in flight alone gives it %.2f %% of %,d requests; with ejection"
                        + " %.4f %% (%d requests, %d probes)%n",
                PODS, SEED, without.percent(), without.requests(), with.percent(), with.failed(), with.probes());
        assertThat(without.percent()).as("the effect that is to be prevented").isGreaterThan(30);
        assertThat(with.percent()).isLessThan(1);
        assertThat(with.probes()).as("it is tested again and again").isPositive();
    }

    @Test
    void a_pod_that_accepts_connections_and_fails_the_work_attracts_none_either() {
        Share with = new Simulation(true, true).run();
        System.out.printf(
                "fast-failing Pod that passes its probes, seed %d: %.4f %% of %,d requests (%d probes)%n",
                SEED, with.percent(), with.requests(), with.probes());
        assertThat(with.percent()).isLessThan(1);
        assertThat(with.probes()).isPositive();
    }

    private record Share(long requests, long failed, long probes) {
        double percent() {
            return 100.0 * failed / requests;
        }
    }

    private record Done(long at, long order, int pod) implements Comparable<Done> {
        @Override
        public int compareTo(Done other) {
            return at != other.at ? Long.compare(at, other.at) : Long.compare(order, other.order);
        }
    }

    private static final class Simulation {
        private final SplittableRandom random = new SplittableRandom(SEED);
        private final ManualScheduler time = new ManualScheduler();
        private final List<EndpointKey> pods = new ArrayList<>();
        private final int[] inFlight = new int[PODS];
        private final PriorityQueue<Done> running = new PriorityQueue<>();
        private final EndpointHealth health;
        private HealthView view = HealthView.none();
        private boolean stale = true;
        private long now;
        private long requests;
        private long failed;
        private long probes;
        private final boolean acceptsConnections;

        /** @param acceptsConnections whether the failing Pod passes a probe and only fails the work */
        Simulation(boolean ejection, boolean acceptsConnections) {
            this.acceptsConnections = acceptsConnections;
            for (int i = 0; i < PODS; i++) {
                pods.add(new EndpointKey("pod-" + i, "10.0.0." + (i + 1), 5432));
            }
            health = new EndpointHealth(
                    "simulation",
                    HealthConfig.builder().enabled(ejection).build(),
                    time.ticker(),
                    random.split(),
                    () -> stale = true);
            health.retain(new LinkedHashSet<>(pods));
        }

        Share run() {
            long probeAt = Long.MAX_VALUE;
            while (now < LENGTH.toNanos()) {
                long next = now + exponential(1e9 / REQUESTS_PER_SECOND);
                while (!running.isEmpty() && running.peek().at() <= next) {
                    finish(running.remove());
                }
                moveTo(next);
                if (stale || now >= probeAt) {
                    probeAt = look();
                }
                send(leastInFlight());
            }
            return new Share(requests, failed, probes);
        }

        private long look() {
            stale = false;
            view = health.view();
            for (EndpointKey due : view.probeDue()) {
                probes++;
                assertThat(health.beginProbe(due)).isTrue();
                health.probed(due, acceptsConnections || due != pods.get(0), new IOException("refused"));
            }
            view = health.view();
            DueTime due = health.nextDue();
            return due.isNever()
                    ? Long.MAX_VALUE
                    : now + (due.nanos() - time.ticker().nanos());
        }

        private void send(int pod) {
            requests++;
            inFlight[pod]++;
            long takes = exponential((pod == 0 ? FAIL_MILLIS : ANSWER_MILLIS) * 1e6);
            running.add(new Done(now + takes, requests, pod));
        }

        private void finish(Done done) {
            moveTo(done.at());
            inFlight[done.pod()]--;
            if (done.pod() == 0) {
                failed++;
                health.failed(pods.get(0), new IOException("refused"));
            } else {
                health.succeeded(pods.get(done.pod()));
            }
        }

        private int leastInFlight() {
            int best = -1;
            int ties = 0;
            for (int pod = 0; pod < PODS; pod++) {
                if (view.isEjected(pods.get(pod))) {
                    continue;
                }
                if (best < 0 || inFlight[pod] < inFlight[best]) {
                    best = pod;
                    ties = 1;
                } else if (inFlight[pod] == inFlight[best] && random.nextInt(++ties) == 0) {
                    best = pod;
                }
            }
            return best;
        }

        private void moveTo(long instant) {
            time.advance(Duration.ofNanos(instant - now));
            now = instant;
        }

        private long exponential(double mean) {
            return (long) (-Math.log(1 - random.nextDouble()) * mean);
        }
    }
}

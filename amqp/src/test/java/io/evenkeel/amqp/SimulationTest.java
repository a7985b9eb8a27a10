package io.evenkeel.amqp;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Runs of {@link Simulation}. {@code -Devenkeel.simulation.seed=N} replays one run; {@code -Devenkeel.simulation.runs=N}
 * says how many there are, of seeds from 1 on.
 */
@Tag("slow")
class SimulationTest {

    private static final long RUNS = Long.getLong("evenkeel.simulation.runs", 20_000);
    private static final long FIRST = Long.getLong("evenkeel.simulation.first", 1);
    /** From so many runs on, every state and event of the protocol must have been visited. */
    private static final long ENOUGH = 10_000;

    @Test
    void nothing_is_lost_doubled_reordered_or_left_open_whatever_happens_during_moves() throws Exception {
        Long one = Long.getLong("evenkeel.simulation.seed");
        SimCoverage coverage = new SimCoverage();
        long begun = System.nanoTime();
        AtomicLong next = new AtomicLong(one == null ? FIRST : one);
        long last = one == null ? FIRST + RUNS - 1 : one;
        AtomicReference<AssertionError> failed = new AtomicReference<>();
        Runnable lane = () -> {
            SimThreads.Carriers carriers = new SimThreads.Carriers();
            for (long seed = next.getAndIncrement();
                    seed <= last && failed.get() == null;
                    seed = next.getAndIncrement()) {
                try {
                    new Simulation(seed, carriers, coverage).run();
                } catch (Throwable failure) {
                    failed.compareAndSet(
                            null,
                            new AssertionError(
                                    "seed " + seed + ": " + failure.getMessage()
                                            + " (replay with -Devenkeel.simulation.seed=" + seed + ")",
                                    failure));
                }
            }
        };
        Thread other = new Thread(lane);
        other.start();
        lane.run();
        other.join();
        System.out.printf(
                "simulation: %,d runs in %,d ms%n%s", RUNS, (System.nanoTime() - begun) / 1_000_000, coverage);
        if (failed.get() != null) {
            throw failed.get();
        }
        if (one == null && RUNS >= ENOUGH) {
            assertThat(coverage.missing()).isEmpty();
            assertThat(coverage.of("moves, voluntary: Moved")).isPositive();
            assertThat(coverage.of("moves, forced: Moved")).isPositive();
        }
    }
}

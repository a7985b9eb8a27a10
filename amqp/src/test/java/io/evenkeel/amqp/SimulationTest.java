package io.evenkeel.amqp;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Runs of {@link Simulation}; those without faults also on a plain connection, whose callbacks must be the same.
 * {@code -Devenkeel.simulation.seed=N} replays one run; {@code -Devenkeel.simulation.runs=N} says how many there are, of seeds
 * from {@code -Devenkeel.simulation.first=N} on. The profile {@code nightly} has more, of other seeds each day.
 */
@Tag("slow")
class SimulationTest {

    private static final long RUNS = Long.getLong("evenkeel.simulation.runs", 100_000);
    private static final long FIRST = Long.getLong("evenkeel.simulation.first", 1);
    /** From so many runs on, every state and event of the protocol must have been visited. */
    private static final long ENOUGH = 20_000;
    /** So many failures are shown. */
    private static final int SHOWN = 10;

    private final SimCoverage coverage = new SimCoverage();
    private final List<String> failures = new CopyOnWriteArrayList<>();

    @Test
    void nothing_is_lost_doubled_reordered_or_left_open_whatever_happens_during_moves() throws Exception {
        Long one = Long.getLong("evenkeel.simulation.seed");
        long begun = System.nanoTime();
        AtomicLong next = new AtomicLong(one == null ? FIRST : one);
        long last = one == null ? FIRST + RUNS - 1 : one;
        Thread other = new Thread(() -> runFrom(next, last));
        other.start();
        runFrom(next, last);
        other.join();
        System.out.printf(
                "simulation: %,d runs from seed %d on in %,d ms, %d of %d cells of the protocol's table visited%n%s",
                one == null ? RUNS : 1,
                one == null ? FIRST : one,
                (System.nanoTime() - begun) / 1_000_000,
                SimCoverage.TABLE.size() - coverage.missing().size(),
                SimCoverage.TABLE.size(),
                coverage);
        assertThat(failures).isEmpty();
        if (one == null && RUNS >= ENOUGH) {
            assertThat(coverage.missing()).isEmpty();
            assertThat(coverage.of("moves, voluntary: Moved")).isPositive();
            assertThat(coverage.of("moves, forced: Moved")).isPositive();
            assertThat(coverage.of("runs compared with the plain client")).isGreaterThan(RUNS / 5);
        }
    }

    private void runFrom(AtomicLong next, long last) {
        SimThreads.Carriers carriers = new SimThreads.Carriers();
        for (long seed = next.getAndIncrement();
                seed <= last && failures.size() < SHOWN;
                seed = next.getAndIncrement()) {
            try {
                Simulation run = new Simulation(seed, carriers, coverage);
                run.run();
                run.compare(carriers);
            } catch (Throwable failure) {
                StringWriter trace = new StringWriter();
                failure.printStackTrace(new PrintWriter(trace));
                failures.add("seed " + seed + " (replay with -Devenkeel.simulation.seed=" + seed + "): " + trace);
                // What hangs in it keeps its threads.
                carriers = new SimThreads.Carriers();
            }
        }
    }
}

package io.evenkeel.jdbc.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.spi.EndpointConnections.RetireOutcome;
import io.evenkeel.spi.EndpointConnections.RetireReason;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Races on real threads. What is asserted must hold whatever the schedule; the seed is in every failure's description. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
@ParameterizedClass
@EnumSource(Engine.class)
class AcquireStressTest {
    @Parameter
    Engine engine;

    private static final long WORK = Duration.ofMillis(1500).toNanos();

    @Test
    void nobody_starves_and_no_wake_up_is_lost_with_50_threads_on_5_seats() throws Exception {
        try (Fixture fixture = engine.fixture(5, 5, Duration.ofSeconds(10))) {
            fixture.pod(1, 3).pod(2, 2).settled(5);
            AtomicIntegerArray served = new AtomicIntegerArray(50);
            hammer(fixture, 50, served, new AtomicBoolean());
            assertThat(fixture.complaints()).isEmpty();
            int most = 0;
            int least = Integer.MAX_VALUE;
            for (int i = 0; i < served.length(); i++) {
                most = Math.max(most, served.get(i));
                least = Math.min(least, served.get(i));
            }
            // First come, first served: whoever is back sooner queues sooner, but nobody is passed by everyone.
            assertThat(least)
                    .as("the least served of 50, the most served got %s", most)
                    .isGreaterThan(most / 10);
            assertThat(fixture.settled(5).waiting()).isZero();
        }
    }

    @Test
    void moving_seats_while_connections_are_taken_and_returned_never_breaks_one_nor_the_budget() throws Exception {
        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        try (Fixture fixture = engine.fixture(6, 6, Duration.ofSeconds(10))) {
            fixture.pod(1, 2).pod(2, 2).pod(3, 2).settled(6);
            AtomicBoolean stop = new AtomicBoolean();
            ExecutorService mover = Executors.newSingleThreadExecutor();
            Future<Integer> moves = mover.submit(() -> move(fixture, random, stop));
            hammer(fixture, 8, new AtomicIntegerArray(8), stop);
            int made = moves.get(30, TimeUnit.SECONDS);
            mover.shutdown();
            assertThat(made).as("moves, seed %s", seed).isPositive();
            assertThat(fixture.complaints()).as("seed %s", seed).isEmpty();
            assertThat(fixture.highest.get())
                    .as("connections at once, seed %s", seed)
                    .isLessThanOrEqualTo(6);
            fixture.settled(6);
            assertThat(fixture.total.get())
                    .as("connections at the end, seed %s", seed)
                    .isEqualTo(6);
        }
    }

    /** As the rebalancer does: retire one, and when that is done open one elsewhere; now and then take it back. */
    private static int move(Fixture fixture, SplittableRandom random, AtomicBoolean stop) {
        int moves = 0;
        while (!stop.get()) {
            int from = 1 + random.nextInt(3);
            CompletableFuture<RetireOutcome> done = fixture.retire(from, RetireReason.values()[random.nextInt(4)]);
            if (random.nextInt(4) == 0) {
                fixture.pool.keep(Fixture.key(from));
            }
            if (random.nextInt(4) == 0) {
                int out = 1 + random.nextInt(3);
                fixture.unroute(out);
                fixture.route(Fixture.key(out));
            }
            Fixture.until(done::isDone, fixture.pool::toString);
            if (done.join() instanceof RetireOutcome.Retired) {
                fixture.open(1 + random.nextInt(3));
                moves++;
            }
        }
        return moves;
    }

    private static void hammer(Fixture fixture, int threads, AtomicIntegerArray served, AtomicBoolean stop)
            throws Exception {
        ExecutorService users = Executors.newFixedThreadPool(threads);
        long end = System.nanoTime() + WORK;
        List<Future<?>> all = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            int user = i;
            all.add(users.submit(() -> {
                while (System.nanoTime() - end < 0) {
                    try (Connection connection = fixture.acquire()) {
                        StubServer.use(connection, () -> LockSupport.parkNanos(20_000));
                        served.incrementAndGet(user);
                    }
                }
                return null;
            }));
        }
        try {
            for (Future<?> each : all) {
                each.get(60, TimeUnit.SECONDS);
            }
        } finally {
            stop.set(true);
            users.shutdownNow();
        }
    }
}

package io.evenkeel.jdbc.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.spi.EndpointConnections.OpenOutcome;
import io.evenkeel.spi.EndpointConnections.RetireOutcome;
import io.evenkeel.spi.EndpointConnections.RetireReason;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Everything at once, by chance: callers, aborts, interrupts, connections that break, Pods that refuse, seats that move. What is
 * asserted holds in any schedule: the budget at the servers, no connection with two users, no caller that hangs, and a pool
 * that is whole when it is quiet again. The seed is in every failure's description.
 */
@Timeout(120)
class AllAtOnceTest {
    private static final int SEATS = 6;
    private static final int CALLERS = 10;
    private static final int ROUNDS = 150;
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @ParameterizedTest
    @CsvSource({"fixed,false", "fixed,true", "elastic,false", "elastic,true"})
    void the_budget_holds_and_the_pool_is_whole_afterwards(String mode, boolean surge) throws Exception {
        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        boolean elastic = mode.equals("elastic");
        try (Fixture fixture = Engine.SEATS.fixture(SEATS, elastic ? 0 : SEATS, PATIENCE)) {
            fixture.pod(1, 2).pod(2, 2).pod(3, 2);
            ExecutorService callers = Executors.newFixedThreadPool(CALLERS);
            CountDownLatch stop = new CountDownLatch(1);
            AtomicInteger served = new AtomicInteger();
            List<Future<?>> all = new ArrayList<>();
            for (int i = 0; i < CALLERS; i++) {
                SplittableRandom own = random.split();
                all.add(callers.submit(() -> call(fixture, own, stop, served)));
            }
            for (int i = 0; i < ROUNDS; i++) {
                disturb(fixture, random, surge);
            }
            heal(fixture);
            stop.countDown();
            for (Future<?> each : all) {
                each.get(PATIENCE.toSeconds() * 2, TimeUnit.SECONDS);
            }
            callers.shutdown();
            assertThat(served.get()).as("served, seed %s", seed).isPositive();
            assertThat(fixture.complaints()).as("seed %s", seed).isEmpty();
            assertThat(fixture.highest.get())
                    .as("connections at once, seed %s", seed)
                    .isLessThanOrEqualTo(SEATS + (surge ? 1 : 0));
            whole(fixture, seed);
        }
    }

    private static Void call(Fixture fixture, SplittableRandom random, CountDownLatch stop, AtomicInteger served) {
        while (stop.getCount() > 0) {
            if (random.nextInt(50) == 0) {
                Thread.currentThread().interrupt();
            }
            try (Connection connection = fixture.acquire();
                    Statement statement = connection.createStatement()) {
                statement.execute("select 1");
                StubServer.use(connection, Thread::yield);
                served.incrementAndGet();
                if (random.nextInt(100) == 0) {
                    connection.abort(Runnable::run);
                }
            } catch (SQLException e) {
                // It was broken, or the caller was interrupted: both are part of it.
                Thread.interrupted();
            }
            Thread.interrupted();
        }
        return null;
    }

    private static void disturb(Fixture fixture, SplittableRandom random, boolean surge) {
        int pod = 1 + random.nextInt(3);
        int other = 1 + random.nextInt(3);
        switch (random.nextInt(6)) {
            case 0 -> fixture.server(pod).connections.forEach(each -> each.broken = random.nextBoolean());
            case 1 -> fixture.server(pod).refusing = !fixture.server(pod).refusing;
            case 2 -> {
                fixture.unroute(pod);
                fixture.route(Fixture.key(pod));
            }
            case 3 -> {
                CompletableFuture<RetireOutcome> kept = fixture.retire(pod, RetireReason.DRAIN);
                fixture.pool.keep(Fixture.key(pod));
                if (Fixture.await(kept) instanceof RetireOutcome.Retired) {
                    openAgain(fixture, pod);
                }
            }
            default -> move(fixture, pod, other, RetireReason.values()[random.nextInt(4)], surge);
        }
    }

    /** As the rebalancer does it: with a surge the new connection comes first. */
    private static void move(Fixture fixture, int from, int to, RetireReason reason, boolean surge) {
        boolean opened = surge && fixture.open(to) instanceof OpenOutcome.Opened;
        RetireOutcome outcome = Fixture.await(fixture.retire(from, reason));
        if (outcome instanceof RetireOutcome.Retired && !opened) {
            openAgain(fixture, to);
        } else if (outcome instanceof RetireOutcome.Kept && opened) {
            Fixture.until(
                    () -> Fixture.await(fixture.retire(to, RetireReason.RESIZE)) instanceof RetireOutcome.Retired);
        }
    }

    private static void openAgain(Fixture fixture, int pod) {
        Fixture.until(() -> {
            fixture.server(pod).refusing = false;
            return fixture.open(pod) instanceof OpenOutcome.Opened;
        });
    }

    private static void heal(Fixture fixture) {
        for (int pod = 1; pod <= 3; pod++) {
            fixture.server(pod).refusing = false;
            fixture.server(pod).connections.forEach(each -> each.broken = false);
        }
    }

    /** All seats can be had at once. */
    private static void whole(Fixture fixture, long seed) throws SQLException {
        List<Connection> all = new ArrayList<>();
        for (int i = 0; i < SEATS; i++) {
            all.add(fixture.acquire());
        }
        assertThat(fixture.total.get()).as("connections, seed %s", seed).isEqualTo(SEATS);
        for (Connection connection : all) {
            connection.close();
        }
    }

    @Test
    void many_pods_are_dialled_by_few_threads() {
        CountDownLatch go = new CountDownLatch(1);
        try (Fixture fixture = Engine.SEATS.fixture(50, 50, PATIENCE)) {
            AtomicInteger opened = new AtomicInteger();
            for (int pod = 1; pod <= 50; pod++) {
                fixture.pod(pod, 0);
                fixture.server(pod).frozen = go;
                fixture.pool.open(Fixture.key(pod), outcome -> opened.incrementAndGet());
            }
            assertThat(ioThreads()).isLessThanOrEqualTo(IoThreads.MOST);
            go.countDown();
            Fixture.until(() -> opened.get() == 50);
            assertThat(fixture.total).hasValue(50);
        }
    }

    private static long ioThreads() {
        Thread[] threads = new Thread[Thread.activeCount() + 64];
        int count = Thread.enumerate(threads);
        return Arrays.stream(threads, 0, count)
                .filter(thread -> thread.getName().startsWith("evenkeel-orders-io-"))
                .count();
    }
}

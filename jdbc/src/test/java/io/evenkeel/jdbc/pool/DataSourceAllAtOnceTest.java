package io.evenkeel.jdbc.pool;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.health.HealthConfig;
import io.evenkeel.jdbc.EvenkeelDataSource;
import io.evenkeel.watch.WatcherConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * As {@link AllAtOnceTest}, for the whole data source: Pods also come and go, the pool is resized, connections reach
 * their age, Pods are ejected and readmitted. {@code -Devenkeel.stress.seconds} sets for how long, in each mode.
 */
@Tag("slow")
@Timeout(600)
class DataSourceAllAtOnceTest {
    private static final int SEATS = 8;
    private static final int MOST_SEATS = 12;
    private static final int CALLERS = 14;
    private static final long NANOS =
            Duration.ofSeconds(Integer.getInteger("evenkeel.stress.seconds", 2)).toNanos();

    private final AtomicInteger total = new AtomicInteger();
    private final AtomicInteger highest = new AtomicInteger();
    private final Map<String, StubServer> servers = new ConcurrentHashMap<>();
    private final TreeSet<Integer> pods = new TreeSet<>(List.of(1, 2, 3));
    private final AtomicInteger served = new AtomicInteger();
    private int lastPod = 3;

    @TempDir
    Path directory;

    @ParameterizedTest
    @CsvSource({"fixed,0,false", "fixed,1,true", "elastic,0,true", "elastic,1,false", "elastic,1,true"})
    void the_budget_holds_and_the_pool_is_whole_afterwards(String mode, int surge, boolean aborts) throws Exception {
        long seed = System.nanoTime();
        SplittableRandom random = new SplittableRandom(seed);
        publish();
        try (EvenkeelDataSource dataSource = dataSource(mode.equals("elastic"), surge)) {
            AtomicBoolean stop = new AtomicBoolean();
            List<Thread> callers = new ArrayList<>();
            for (int i = 0; i < CALLERS; i++) {
                SplittableRandom own = random.split();
                Thread caller = new Thread(() -> call(dataSource, own, aborts, stop));
                caller.start();
                callers.add(caller);
            }
            long end = System.nanoTime() + NANOS;
            while (System.nanoTime() - end < 0) {
                disturb(dataSource, callers, random);
                LockSupport.parkNanos(random.nextInt(60) * 1_000_000L);
            }
            servers.values().forEach(server -> server.refusing = false);
            dataSource.config().setMaximumPoolSize(SEATS);
            stop.set(true);
            Fixture.until(() -> callers.stream().noneMatch(Thread::isAlive), () -> "callers hang, seed " + seed);
            Fixture.until(() -> dataSource.status().seats() == SEATS, () -> dataSource.status() + ", seed " + seed);
            whole(dataSource, seed);
            System.out.printf(
                    "all at once, %s, surge %d: %d served, %d connections at most%n",
                    mode, surge, served.get(), highest.get());
            assertThat(highest.get()).as("connections at once, seed %s", seed).isLessThanOrEqualTo(MOST_SEATS + surge);
            assertThat(servers.values())
                    .flatExtracting(server -> server.complaints)
                    .as("seed %s", seed)
                    .isEmpty();
            assertThat(served.get()).isPositive();
        }
        Fixture.until(() -> total.get() == 0, () -> total + " connections after close(), seed " + seed);
    }

    private EvenkeelDataSource dataSource(boolean elastic, int surge) {
        HikariConfig config = new HikariConfig();
        config.setMaximumPoolSize(SEATS);
        config.setConnectionTimeout(2_000);
        if (elastic) {
            config.setMinimumIdle(0);
        }
        return EvenkeelDataSource.builder()
                .hikari(config)
                .name("all-at-once")
                .target("file://" + directory.resolve("pods.json"))
                .connections(endpoint -> servers.computeIfAbsent(
                                endpoint.host(), host -> new StubServer(host, total, highest))
                        .dataSource())
                .surge(surge)
                .moveWindow(Duration.ofMillis(500))
                .moveDeadline(Duration.ofSeconds(2))
                .drainSpread(Duration.ofMillis(200))
                .maxConnectionAge(Duration.ofSeconds(1))
                .balance(balance -> balance.holdDown(Duration.ZERO, Duration.ZERO))
                .watch(WatcherConfig.builder()
                        .settle(Duration.ofMillis(50))
                        .settleMax(Duration.ofMillis(200))
                        .emptyGrace(Duration.ofSeconds(1))
                        .build())
                .health(HealthConfig.builder()
                        .baseEjection(Duration.ofMillis(300))
                        .maxEjection(Duration.ofSeconds(1))
                        .build())
                .build();
    }

    private void call(EvenkeelDataSource dataSource, SplittableRandom random, boolean aborts, AtomicBoolean stop) {
        while (!stop.get()) {
            try (Connection connection = dataSource.getConnection();
                    Statement statement = connection.createStatement()) {
                statement.execute("select 1");
                StubServer.use(connection, () -> LockSupport.parkNanos(random.nextInt(3) * 1_000_000L));
                served.incrementAndGet();
                if (aborts && random.nextInt(200) == 0) {
                    connection.abort(Runnable::run);
                }
            } catch (SQLException e) {
                // It was broken or interrupted, or there was none in time: all of that is part of it.
            }
            Thread.interrupted();
        }
    }

    private void disturb(EvenkeelDataSource dataSource, List<Thread> callers, SplittableRandom random)
            throws IOException {
        List<StubServer> known = List.copyOf(servers.values());
        StubServer server = known.isEmpty() ? new StubServer("none") : known.get(random.nextInt(known.size()));
        switch (random.nextInt(6)) {
            case 0 -> {
                if (pods.size() > 1 && random.nextBoolean()) {
                    pods.pollFirst();
                } else if (pods.size() < 5) {
                    pods.add(++lastPod);
                }
                publish();
            }
            case 1 -> dataSource.config().setMaximumPoolSize(4 + random.nextInt(MOST_SEATS - 3));
            case 2, 3 -> callers.get(random.nextInt(callers.size())).interrupt();
            case 4 -> server.connections.forEach(each -> each.broken = random.nextBoolean());
            default -> {
                server.refusing = !server.refusing;
                server.connections.forEach(each -> each.broken = true);
            }
        }
    }

    private void publish() throws IOException {
        String endpoints = pods.stream()
                .map(pod -> "{\"id\":\"pod-%d\",\"host\":\"10.0.0.%d\",\"port\":5432}".formatted(pod, pod))
                .collect(Collectors.joining(","));
        Path written = Files.writeString(directory.resolve("next.json"), "{\"endpoints\":[" + endpoints + "]}");
        Files.move(written, directory.resolve("pods.json"), StandardCopyOption.ATOMIC_MOVE);
    }

    /** All seats can be had at once. */
    private void whole(EvenkeelDataSource dataSource, long seed) {
        Fixture.until(
                () -> {
                    List<Connection> all = new ArrayList<>();
                    try {
                        while (all.size() < SEATS) {
                            all.add(dataSource.getConnection());
                        }
                        return true;
                    } catch (SQLException e) {
                        return false;
                    } finally {
                        all.forEach(DataSourceAllAtOnceTest::close);
                    }
                },
                () -> dataSource.status() + ", seed " + seed);
    }

    private static void close(Connection connection) {
        try {
            connection.close();
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }
}

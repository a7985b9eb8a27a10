package io.evenkeel.demo.kubernetes;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.demo.Act;
import io.evenkeel.demo.ActUnavailableException;
import io.evenkeel.jdbc.EvenkeelDataSource;
import io.evenkeel.status.EndpointStatus;
import io.evenkeel.status.PoolStatus;
import java.io.PrintStream;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A client to deploy: one pool of connections under a steady load, and every five seconds a line with what each Pod
 * answered. What it needs is in its environment: {@code JDBC_URL}, {@code JDBC_USER}, {@code JDBC_PASSWORD}, {@code
 * TARGET} (else the host in the URL), {@code POOL_SIZE} (10), {@code THREADS} (8). It runs until it is ended.
 */
public final class ClientAct implements Act {

    private static final long REPORT_SECONDS = 5;
    private static final long PAUSE_MILLIS = 20;
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(5);
    private static final long END_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final String QUERY = "select host(inet_server_addr()), pg_sleep(0.005)";

    private final Function<String, @Nullable String> environment;
    private final Map<String, LongAdder> answers = new ConcurrentSkipListMap<>();
    private final LongAdder failures = new LongAdder();
    private final CountDownLatch closed = new CountDownLatch(1);
    private volatile boolean ended;

    /** With this process's environment. */
    public ClientAct() {
        this(System::getenv);
    }

    ClientAct(Function<String, @Nullable String> environment) {
        this.environment = environment;
    }

    @Override
    public boolean play(List<String> arguments, PrintStream out) throws ActUnavailableException, InterruptedException {
        Thread main = Thread.currentThread();
        Thread hook = new Thread(() -> endFor(main), "demo-client-shutdown");
        Runtime.getRuntime().addShutdownHook(hook);
        try (EvenkeelDataSource pool = pool()) {
            run(pool, out);
            return true;
        } catch (IllegalArgumentException invalid) {
            throw new ActUnavailableException(String.valueOf(invalid.getMessage()), invalid);
        } finally {
            closed.countDown();
        }
    }

    /** SIGTERM: the loop ends and the pool is closed before the JVM is. */
    private void endFor(Thread main) {
        ended = true;
        main.interrupt();
        try {
            // Not for the thread's own end: it may be the one that exits, and that waits for us.
            if (!closed.await(10, TimeUnit.SECONDS)) {
                System.err.println("The pool could not be closed within 10 s");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private EvenkeelDataSource pool() {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(required("JDBC_URL"));
        config.setUsername(required("JDBC_USER"));
        config.setPassword(required("JDBC_PASSWORD"));
        config.setMaximumPoolSize(number("POOL_SIZE", 10));
        config.addDataSourceProperty("ApplicationName", "evenkeel-client");
        // Deployed before its Pods it waits for them, rather than being started again and again.
        config.setInitializationFailTimeout(-1);
        var builder = EvenkeelDataSource.builder().hikari(config).name("client").closeTimeout(CLOSE_TIMEOUT);
        String target = environment.apply("TARGET");
        return (target == null ? builder : builder.target(target)).build();
    }

    private String required(String variable) {
        String value = environment.apply(variable);
        if (value == null || value.isBlank()) {
            throw new IllegalArgumentException(variable + ": not set (expected: in the environment)");
        }
        return value;
    }

    private int number(String variable, int otherwise) {
        String value = environment.apply(variable);
        if (value == null) {
            return otherwise;
        }
        try {
            return Integer.parseInt(value.strip());
        } catch (NumberFormatException invalid) {
            throw new IllegalArgumentException(variable + ": " + value + " (expected: a number)", invalid);
        }
    }

    private void run(EvenkeelDataSource pool, PrintStream out) throws InterruptedException {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < number("THREADS", 8); i++) {
            Thread thread = new Thread(() -> ask(pool), "demo-client-" + i);
            thread.setDaemon(true);
            thread.start();
            threads.add(thread);
        }
        try {
            while (!ended) {
                TimeUnit.SECONDS.sleep(REPORT_SECONDS);
                out.println(line(pool.status()));
            }
        } catch (InterruptedException e) {
            if (!ended) {
                throw e;
            }
        } finally {
            ended = true;
            // One that waits for a Pod that cannot be reached would wait for its whole time-out.
            threads.forEach(Thread::interrupt);
            long begin = System.nanoTime();
            for (Thread thread : threads) {
                TimeUnit.NANOSECONDS.timedJoin(thread, END_NANOS - (System.nanoTime() - begin));
            }
        }
    }

    private void ask(EvenkeelDataSource pool) {
        while (!ended) {
            try (Connection connection = pool.getConnection();
                    Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery(QUERY)) {
                row.next();
                answers.computeIfAbsent(row.getString(1), pod -> new LongAdder())
                        .increment();
                TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
            } catch (SQLException failed) {
                if (!ended) {
                    failures.increment();
                    System.err.println("query failed: " + failed.getMessage());
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    /** Answers since the last line by Pod, with the connections that it has. */
    private String line(PoolStatus status) {
        Map<String, Long> counted = new TreeMap<>();
        answers.forEach((address, count) -> counted.put(address, count.sumThenReset()));
        StringBuilder line = new StringBuilder("failed ").append(failures.sum());
        for (EndpointStatus endpoint : status.endpoints()) {
            line.append(" | ")
                    .append(endpoint.endpoint().identity())
                    .append(endpoint.leaving() ? " (leaving)" : "")
                    .append(": ")
                    .append(counted.getOrDefault(endpoint.endpoint().host(), 0L) / REPORT_SECONDS)
                    .append("/s over ")
                    .append(endpoint.open());
        }
        return line.append(" | ").append(status.source()).toString();
    }
}

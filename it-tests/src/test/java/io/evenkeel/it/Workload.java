package io.evenkeel.it;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * Threads that borrow a connection, ask it a short question and return it, over and over. Counts answers by the Pod that
 * gave them, and keeps every failure with its cause and, where it is known, the Pod whose connection failed.
 */
final class Workload implements AutoCloseable {
    private static final String QUESTION = "select current_setting('cluster_name'), pg_sleep(?)";

    private final DataSource dataSource;
    private final Duration queryTime;
    private final Duration pause;
    private final List<Thread> threads = new ArrayList<>();
    private final Map<String, LongAdder> answers = new ConcurrentSkipListMap<>();
    private final ConcurrentLinkedQueue<Failure> failures = new ConcurrentLinkedQueue<>();
    private final AtomicLong longestWaitNanos = new AtomicLong();
    // learnt from the first answer of each physical connection
    private final Map<PGConnection, String> pods = Collections.synchronizedMap(new WeakHashMap<>());
    private volatile boolean closed;

    private Workload(DataSource dataSource, Duration queryTime, Duration pause) {
        this.dataSource = dataSource;
        this.queryTime = queryTime;
        this.pause = pause;
    }

    /**
     * A failed attempt.
     *
     * @param pod whose connection it was, or null if none was got or it had never answered
     * @param began of {@link System#nanoTime}
     */
    record Failure(@Nullable String pod, Exception cause, long began, long ended) {
        /** Whether it was under way at the given moment. */
        boolean inFlightAt(long nanoTime) {
            return began - nanoTime <= 0 && ended - nanoTime >= 0;
        }
    }

    /** Queries that take 5 ms at the server, 5 ms apart. */
    static Workload start(DataSource dataSource, int threads) {
        return start(dataSource, threads, Duration.ofMillis(5), Duration.ofMillis(5));
    }

    static Workload start(DataSource dataSource, int threads, Duration queryTime, Duration pause) {
        Workload workload = new Workload(dataSource, queryTime, pause);
        for (int i = 0; i < threads; i++) {
            Thread thread = new Thread(workload::work, "workload-" + i);
            thread.setDaemon(true);
            workload.threads.add(thread);
            thread.start();
        }
        return workload;
    }

    long answered() {
        return answers.values().stream().mapToLong(LongAdder::sum).sum();
    }

    /** Answers so far by Pod. */
    Map<String, Long> answersByPod() {
        Map<String, Long> counts = new TreeMap<>();
        answers.forEach((pod, count) -> counts.put(pod, count.sum()));
        return counts;
    }

    long answersFrom(String pod) {
        return answersByPod().getOrDefault(pod, 0L);
    }

    List<Failure> failures() {
        return List.copyOf(failures);
    }

    /** The longest that any {@code getConnection} took that got one. */
    Duration longestWait() {
        return Duration.ofNanos(longestWaitNanos.get());
    }

    /** Stops and waits until every thread has finished its query. */
    @Override
    public void close() throws InterruptedException {
        closed = true;
        for (Thread thread : threads) {
            thread.join(TimeUnit.MINUTES.toMillis(1));
            if (thread.isAlive()) {
                throw new IllegalStateException(thread.getName() + ": still waits after a minute (expected: done)");
            }
        }
    }

    private void work() {
        try {
            while (!closed) {
                ask();
                TimeUnit.NANOSECONDS.sleep(pause.toNanos());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void ask() {
        long began = System.nanoTime();
        String pod = null;
        try (Connection connection = dataSource.getConnection()) {
            longestWaitNanos.accumulateAndGet(System.nanoTime() - began, Math::max);
            PGConnection physical = connection.unwrap(PGConnection.class);
            pod = pods.get(physical);
            pod = answer(connection);
            pods.put(physical, pod);
            answers.computeIfAbsent(pod, name -> new LongAdder()).increment();
        } catch (SQLException | RuntimeException e) {
            failures.add(new Failure(pod, e, began, System.nanoTime()));
        }
    }

    private String answer(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(QUESTION)) {
            statement.setDouble(1, queryTime.toNanos() / 1e9);
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getString(1);
            }
        }
    }
}

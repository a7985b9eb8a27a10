package io.evenkeel.demo;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.postgresql.PGConnection;

/**
 * A steady load on one fleet: {@value #THREADS} threads per client process, each of which starts a query at fixed
 * moments whether or not the last one was quick. A late query counts its wait.
 */
final class Load implements AutoCloseable {
    static final int THREADS = 10;
    private static final long PERIOD_NANOS = TimeUnit.MILLISECONDS.toNanos(80);
    private static final String QUERY = "select current_setting('cluster_name'), pg_sleep(0.004)";

    private final Fleet fleet;
    private final Ledger ledger;
    private final List<Thread> threads = new ArrayList<>();
    // which Pod a physical connection leads to: learnt from its first answer, to know where a later failure happened
    private final Map<PGConnection, String> pods = Collections.synchronizedMap(new WeakHashMap<>());
    private volatile boolean closed;

    private Load(Fleet fleet, Ledger ledger) {
        this.fleet = fleet;
        this.ledger = ledger;
    }

    static Load start(Fleet fleet, Ledger ledger) {
        Load load = new Load(fleet, ledger);
        long begin = System.nanoTime();
        int all = fleet.clients().size() * THREADS;
        for (int i = 0; i < all; i++) {
            Client client = fleet.clients().get(i % fleet.clients().size());
            long first = begin + PERIOD_NANOS * i / all;
            Thread thread = new Thread(() -> load.work(client, first), "demo-load-" + fleet.kind() + "-" + i);
            thread.setDaemon(true);
            load.threads.add(thread);
            thread.start();
        }
        return load;
    }

    /** Queries a second on one fleet. */
    static long rate() {
        return Fleet.PROCESSES * THREADS * TimeUnit.SECONDS.toNanos(1) / PERIOD_NANOS;
    }

    @Override
    public void close() {
        closed = true;
        threads.forEach(LockSupport::unpark);
        for (Thread thread : threads) {
            try {
                thread.join(TimeUnit.SECONDS.toMillis(10));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private void work(Client client, long first) {
        for (long due = first; !closed; due += PERIOD_NANOS) {
            while (System.nanoTime() - due < 0 && !closed) {
                LockSupport.parkNanos(due - System.nanoTime());
            }
            if (!closed) {
                ledger.record(fleet.kind(), query(client, due));
            }
        }
    }

    private Sample query(Client client, long due) {
        long began = System.nanoTime();
        String pod = null;
        String failure = null;
        try (Connection connection = client.getConnection()) {
            PGConnection physical = connection.unwrap(PGConnection.class);
            pod = pods.get(physical);
            pod = ask(connection);
            pods.put(physical, pod);
        } catch (SQLException e) {
            failure = reason(e) + " (" + e.getSQLState() + ")";
        } catch (RuntimeException fault) {
            // it must not end this thread unnoticed: the load would shrink for no visible reason
            failure = fault.getClass().getSimpleName() + ": " + reason(fault);
        }
        return new Sample(pod, due, began, System.nanoTime(), failure);
    }

    private static String ask(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(QUERY);
                ResultSet row = statement.executeQuery()) {
            row.next();
            return row.getString(1);
        }
    }

    private static String reason(Exception e) {
        String message = String.valueOf(e.getMessage());
        String firstLine = message.lines().findFirst().orElse("");
        return firstLine.length() > 100 ? firstLine.substring(0, 100) + "..." : firstLine;
    }
}

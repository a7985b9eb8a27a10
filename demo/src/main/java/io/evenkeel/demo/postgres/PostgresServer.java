package io.evenkeel.demo.postgres;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * One PostgreSQL server: a Pod. Its {@code cluster_name} is the Pod's name, so that
 * {@code select current_setting('cluster_name')} says who answered. Safe for use by several threads; {@link #kill} and
 * {@link #freeze} strike the postmaster with all of its children, as they would a container.
 */
public final class PostgresServer {
    private static final Duration START_TIMEOUT = Duration.ofSeconds(30);
    private static final Duration STOP_TIMEOUT = Duration.ofSeconds(15);
    private static final String COUNT = "select application_name, count(*) from pg_stat_activity"
            + " where backend_type = 'client backend' and pid <> pg_backend_pid() group by 1";

    private final String name;
    private final InetSocketAddress address;
    private final Path data;
    private final List<String> command;
    private final AdminConnection admin;
    private final Path logFile;
    private final ConnectionLog log;

    // one change of state at a time; the shutdown hook must not wait behind a slow start, so close() doesn't take it
    private final ReentrantLock changing = new ReentrantLock();
    private volatile @Nullable ServerProcess process;
    private volatile boolean frozen;

    PostgresServer(String name, InetSocketAddress address, Path data, List<String> command, AdminConnection admin) {
        this.name = name;
        this.address = address;
        this.data = data;
        this.command = List.copyOf(command);
        this.admin = admin;
        this.logFile = data.resolveSibling("log");
        this.log = new ConnectionLog(logFile);
    }

    public String name() {
        return name;
    }

    public String host() {
        return address.getAddress().getHostAddress();
    }

    public int port() {
        return address.getPort();
    }

    InetSocketAddress address() {
        return address;
    }

    /** The directory that is its own: data and log. */
    Path home() {
        return Objects.requireNonNull(data.getParent(), "parent of data");
    }

    /** Without user and password: {@link PostgresPods} has them. */
    public String jdbcUrl() {
        return "jdbc:postgresql://" + host() + ":" + port() + "/" + PostgresPods.DATABASE;
    }

    public boolean isRunning() {
        ServerProcess current = process;
        return current != null && current.isAlive();
    }

    public boolean isFrozen() {
        return frozen;
    }

    /** Starts it and returns when it answers; throws with the end of its log if it does not. */
    public void start() throws IOException {
        changing.lock();
        try {
            if (isRunning()) {
                throw new IllegalStateException("server " + name + ": running (expected: stopped)");
            }
            ServerProcess started = ServerProcess.start(command, data, logFile);
            process = started;
            awaitAnswer(started);
            started.guard();
        } finally {
            changing.unlock();
        }
    }

    /** Breaks every session off (57P01) and stops: what SIGTERM means to most servers. */
    public void stopFast() throws IOException {
        stop("INT");
    }

    /** Ends every session at once, without a rollback, and stops: SIGQUIT. */
    public void stopImmediate() throws IOException {
        stop("QUIT");
    }

    /** Refuses new sessions (57P03), its own counting included, and stops when the last has ended; returns at once. */
    public void stopSmart() throws IOException {
        changing.lock();
        try {
            admin.drop();
            running().signal("TERM");
        } finally {
            changing.unlock();
        }
    }

    /** Waits until it has stopped. */
    public boolean awaitStopped(Duration atMost) throws IOException {
        ServerProcess current = process;
        return current == null || current.awaitExit(atMost);
    }

    /**
     * SIGKILL: connections are broken, in-flight queries are lost.
     *
     * @return when its last process had ended, of {@link System#nanoTime}; it returns a little later
     */
    public long kill() throws IOException {
        changing.lock();
        try {
            long killed = running().kill();
            frozen = false;
            admin.drop();
            return killed;
        } finally {
            changing.unlock();
        }
    }

    /** SIGSTOP: the kernel still accepts connections, nothing answers. */
    public void freeze() throws IOException {
        changing.lock();
        try {
            frozen = true;
            running().freeze();
        } finally {
            changing.unlock();
        }
    }

    /** SIGCONT. */
    public void resume() throws IOException {
        changing.lock();
        try {
            running().resume();
            frozen = false;
        } finally {
            changing.unlock();
        }
    }

    /** A fast stop if it runs, and a start at the same address. */
    public void restart() throws IOException {
        if (isRunning()) {
            stopFast();
        }
        start();
    }

    /** Sessions at this moment by application name, as the server sees them, without the one that asks. */
    public Map<String, Integer> connections() throws SQLException {
        return admin.use(connection -> {
            Map<String, Integer> counts = new HashMap<>();
            try (Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery(COUNT)) {
                while (rows.next()) {
                    counts.put(rows.getString(1), rows.getInt(2));
                }
            }
            return counts;
        });
    }

    /** Sessions at this moment whose application name is the given one. */
    public int connections(String applicationName) throws SQLException {
        return connections().getOrDefault(applicationName, 0);
    }

    /**
     * How many sessions it ever let in, by the application name in their startup packet, from its log. pgjdbc puts the
     * name there only with {@code assumeMinServerVersion=9.0} or later.
     */
    public Map<String, Long> accepted() throws IOException {
        return log.accepted();
    }

    /** Lines of its log that contain this text. */
    public long logged(String text) throws IOException {
        try (Stream<String> lines = Files.lines(logFile)) {
            return lines.filter(line -> line.contains(text)).count();
        }
    }

    /** Runs a statement as the superuser. */
    public void execute(String sql) throws SQLException {
        admin.use(connection -> {
            try (Statement statement = connection.createStatement()) {
                return statement.execute(sql);
            }
        });
    }

    /** The last lines of its log. */
    public String logTail(int lines) {
        return log.tail(lines);
    }

    /** Ends it in any state, frozen or not. Doesn't throw: it runs in a shutdown hook. */
    void close() {
        ServerProcess current = process;
        try {
            admin.drop();
            if (current == null || !current.isAlive()) {
                return;
            }
            current.signal("QUIT");
            current.resume();
            if (!current.awaitExit(Duration.ofSeconds(5))) {
                current.kill();
            }
        } catch (IOException e) {
            System.err.println("PostgreSQL " + name + " could not be ended: " + e.getMessage());
        } finally {
            SharedMemory.removeLeftBy(data);
        }
    }

    private void stop(String signal) throws IOException {
        changing.lock();
        try {
            ServerProcess current = running();
            admin.drop();
            current.signal(signal);
            if (!current.awaitExit(STOP_TIMEOUT)) {
                throw new IOException("server " + name + ": still runs " + STOP_TIMEOUT.toSeconds() + " s after SIG"
                        + signal + System.lineSeparator() + logTail(20));
            }
        } finally {
            changing.unlock();
        }
    }

    private ServerProcess running() {
        ServerProcess current = process;
        if (current == null || !current.isAlive()) {
            throw new IllegalStateException("server " + name + ": stopped (expected: running)");
        }
        return current;
    }

    private void awaitAnswer(ServerProcess started) throws IOException {
        long deadline = System.nanoTime() + START_TIMEOUT.toNanos();
        while (started.isAlive() && System.nanoTime() < deadline) {
            try {
                admin.use(Connection::isClosed);
                return;
            } catch (SQLException notYet) {
                pause();
            }
        }
        throw new IOException("server " + name + " at " + host() + ":" + port()
                + (started.isAlive() ? ": no answer within " + START_TIMEOUT.toSeconds() + " s" : ": ended at once")
                + System.lineSeparator() + logTail(20));
    }

    private static void pause() throws IOException {
        try {
            TimeUnit.MILLISECONDS.sleep(20);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while a server was starting", e);
        }
    }

    @Override
    public String toString() {
        return name + "@" + host() + ":" + port();
    }
}

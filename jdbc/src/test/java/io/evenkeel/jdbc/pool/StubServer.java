package io.evenkeel.jdbc.pool;

import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** A Pod's server, in memory: counts connections, fails or freezes when it is told to, notices misuse. Thread-safe. */
final class StubServer {
    final String name;
    final AtomicInteger open = new AtomicInteger();
    final AtomicInteger dialled = new AtomicInteger();
    final AtomicInteger closed = new AtomicInteger();
    private final AtomicInteger total;
    private final AtomicInteger highest;
    final Queue<String> complaints = new ConcurrentLinkedQueue<>();
    final Queue<StubConnection> connections = new ConcurrentLinkedQueue<>();
    volatile boolean refusing;
    volatile @Nullable CountDownLatch frozen;
    volatile boolean invalid;

    /** Thrown by every attempt to connect, whatever it is. */
    volatile @Nullable Throwable dialFailure;

    /** Where statements wait. */
    volatile @Nullable CountDownLatch slow;

    /** Thrown by every statement. */
    volatile @Nullable SQLException statementFailure;

    /** Thrown by setReadOnly(false), with which a connection is reset. */
    volatile @Nullable SQLException resetFailure;

    /** Every statement that was executed. */
    final Queue<String> statements = new ConcurrentLinkedQueue<>();

    /** {@code total} and {@code highest} are shared by the servers of a test. */
    StubServer(String name, AtomicInteger total, AtomicInteger highest) {
        this.name = name;
        this.total = total;
        this.highest = highest;
    }

    StubServer(String name) {
        this(name, new AtomicInteger(), new AtomicInteger());
    }

    /** What one connection is, to the server. */
    final class StubConnection {
        final int number = dialled.incrementAndGet();
        final AtomicBoolean isClosed = new AtomicBoolean();
        final AtomicInteger users = new AtomicInteger();
        volatile boolean broken;
        volatile boolean autoCommit = true;
        volatile boolean readOnly;
        volatile String schema = "public";
        final AtomicInteger rollbacks = new AtomicInteger();
        final AtomicInteger openStatements = new AtomicInteger();

        String pod() {
            return name;
        }

        void complain(String what) {
            complaints.add(name + " connection " + number + " " + what);
        }

        void close() {
            if (isClosed.compareAndSet(false, true)) {
                if (users.get() != 0) {
                    complain("closed in use");
                }
                open.decrementAndGet();
                total.decrementAndGet();
                closed.incrementAndGet();
            }
        }
    }

    DataSource dataSource() {
        return (DataSource) Proxy.newProxyInstance(
                StubServer.class.getClassLoader(),
                new Class<?>[] {DataSource.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "getConnection" -> connect();
                    case "getLoginTimeout" -> 1;
                    case "toString" -> "stub of " + name;
                    default -> null;
                });
    }

    private Connection connect() throws Throwable {
        CountDownLatch latch = frozen;
        if (latch != null) {
            latch.await();
        }
        Throwable failure = dialFailure;
        if (failure != null) {
            throw failure;
        }
        if (refusing) {
            throw new SQLException("connection refused by " + name, "08001");
        }
        StubConnection stub = new StubConnection();
        open.incrementAndGet();
        highest.accumulateAndGet(total.incrementAndGet(), Math::max);
        connections.add(stub);
        return (Connection) Proxy.newProxyInstance(
                StubServer.class.getClassLoader(),
                new Class<?>[] {Connection.class, Marked.class},
                (proxy, method, arguments) -> call(stub, method.getName(), method.getReturnType(), arguments));
    }

    /** Lets tests get at the stub through {@code unwrap}. */
    interface Marked {
        StubConnection stub();
    }

    private @Nullable Object call(StubConnection stub, String method, Class<?> type, Object @Nullable [] arguments)
            throws SQLException {
        return switch (method) {
            case "stub" -> stub;
            case "close", "abort" -> {
                stub.close();
                yield null;
            }
            case "isClosed" -> stub.isClosed.get();
            case "isValid" -> !invalid && !stub.broken && !stub.isClosed.get();
            case "getAutoCommit" -> stub.autoCommit;
            case "setAutoCommit" -> {
                stub.autoCommit = (Boolean) arguments[0];
                yield null;
            }
            case "isReadOnly" -> stub.readOnly;
            case "setReadOnly" -> {
                SQLException failure = resetFailure;
                if (failure != null && !(Boolean) arguments[0]) {
                    throw failure;
                }
                stub.readOnly = (Boolean) arguments[0];
                yield null;
            }
            case "setSchema" -> {
                stub.schema = (String) arguments[0];
                yield null;
            }
            case "getSchema" -> stub.schema;
            case "rollback" -> {
                stub.rollbacks.incrementAndGet();
                yield null;
            }
            case "getTransactionIsolation" -> Connection.TRANSACTION_READ_COMMITTED;
            case "createStatement" -> statement(stub);
            case "isWrapperFor" -> true;
            case "hashCode" -> System.identityHashCode(stub);
            case "equals" -> false;
            case "toString" -> name + " connection " + stub.number;
            default -> nothing(type);
        };
    }

    private static @Nullable Object nothing(Class<?> type) {
        return type == boolean.class ? Boolean.FALSE : type == int.class ? Integer.valueOf(0) : null;
    }

    private Statement statement(StubConnection stub) {
        stub.openStatements.incrementAndGet();
        AtomicBoolean closedOnce = new AtomicBoolean();
        return (Statement) Proxy.newProxyInstance(
                StubServer.class.getClassLoader(), new Class<?>[] {Statement.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("close") && closedOnce.compareAndSet(false, true)) {
                        stub.openStatements.decrementAndGet();
                    }
                    if (method.getName().startsWith("execute")) {
                        statements.add(arguments == null ? "" : (String) arguments[0]);
                        CountDownLatch latch = slow;
                        if (latch != null) {
                            latch.await();
                        }
                        SQLException failure = statementFailure;
                        if (failure != null) {
                            throw failure;
                        }
                        if (stub.broken || stub.isClosed.get()) {
                            throw new SQLException("connection to " + name + " reset", "08006");
                        }
                        if (arguments != null && "wrong".equals(arguments[0])) {
                            throw new SQLException("syntax error", "42601");
                        }
                    }
                    return nothing(method.getReturnType());
                });
    }

    /** Uses a connection that was handed out, so that a second user or a close in the meantime is noticed. */
    static void use(Connection handedOut, Runnable work) throws SQLException {
        StubConnection stub = handedOut.unwrap(Marked.class).stub();
        if (stub.users.incrementAndGet() != 1) {
            // Also where the caller takes any exception for the server's.
            stub.complain("has two users");
            throw new SQLException("two users of connection " + stub.number, "XX000");
        }
        try {
            work.run();
        } finally {
            stub.users.decrementAndGet();
        }
        if (stub.isClosed.get()) {
            throw new SQLException("connection " + stub.number + " was closed in use", "XX000");
        }
    }
}

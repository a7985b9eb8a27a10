package io.evenkeel.jdbc.handle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.endpoint.EndpointKey;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.sql.Array;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLClientInfoException;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.sql.Wrapper;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class DelegatingConnectionTest {

    private final List<String> calls = new ArrayList<>();
    private @Nullable SQLException toThrow;
    private final Connection physical = fake(Connection.class);
    private final Handle handle = new Handle(physical);

    @Test
    void every_method_is_handed_on() throws Exception {
        DelegatingStatement statement = new DelegatingStatement(handle, fake(Statement.class));
        assertHandsOn(Connection.class, handle, Set.of("close", "abort", "unwrap", "isWrapperFor"));
        assertHandsOn(Statement.class, statement, Set.of("getConnection", "unwrap", "isWrapperFor"));
        assertHandsOn(
                PreparedStatement.class,
                new DelegatingPreparedStatement(handle, fake(PreparedStatement.class)),
                Set.of("getConnection", "unwrap", "isWrapperFor"));
        assertHandsOn(
                CallableStatement.class,
                new DelegatingCallableStatement(handle, fake(CallableStatement.class)),
                Set.of("getConnection", "unwrap", "isWrapperFor"));
        assertHandsOn(
                ResultSet.class,
                new DelegatingResultSet(handle, null, fake(ResultSet.class)),
                Set.of("unwrap", "isWrapperFor"));
        assertHandsOn(
                DatabaseMetaData.class,
                MetaDataHandler.proxy(handle, fake(DatabaseMetaData.class)),
                Set.of("getConnection", "unwrap", "isWrapperFor"));
    }

    private void assertHandsOn(Class<?> type, Object wrapper, Set<String> except) throws Exception {
        for (Method method : type.getMethods()) {
            if (Modifier.isStatic(method.getModifiers()) || except.contains(method.getName())) {
                continue;
            }
            calls.clear();
            method.invoke(wrapper, arguments(method));
            assertThat(calls).as("%s", method).containsExactly(signature(method));
        }
    }

    @Test
    void everything_made_from_the_handle_names_it_as_its_connection() throws Exception {
        assertThat(handle.createStatement().getConnection()).isSameAs(handle);
        assertThat(handle.prepareCall("x").getConnection()).isSameAs(handle);
        assertThat(handle.getMetaData().getConnection()).isSameAs(handle);
        assertThat(handle.getMetaData()
                        .getTables(null, null, null, null)
                        .getStatement()
                        .getConnection())
                .isSameAs(handle);
        PreparedStatement statement = handle.prepareStatement("x");
        assertThat(statement.getConnection()).isSameAs(handle);
        assertThat(statement.executeQuery().getStatement()).isSameAs(statement);
        assertThat(statement.getGeneratedKeys().getStatement()).isSameAs(statement);
    }

    /** By whatever way a result set, a statement or an array is reached, it leads back to the handle and not beneath it. */
    @Test
    void cursors_and_arrays_name_the_handle_as_their_connection() throws Exception {
        CallableStatement call = handle.prepareCall("x");
        ResultSet rows = handle.createStatement().executeQuery("x");
        List<ResultSet> cursors = List.of(
                call.getObject(1, ResultSet.class),
                call.getObject("c", ResultSet.class),
                rows.getObject(1, ResultSet.class),
                call.getArray(1).getResultSet(),
                call.getArray("a").getResultSet(Map.of()),
                rows.getArray(1).getResultSet(1, 1),
                rows.getArray("a").getResultSet(1, 1, Map.of()),
                rows.getObject(1, Array.class).getResultSet(),
                handle.createArrayOf("int", new Object[0]).getResultSet());
        for (ResultSet cursor : cursors) {
            assertThat(cursor.getStatement().getConnection()).isSameAs(handle);
        }
    }

    @Test
    void a_cursor_without_a_class_names_the_handle_too() throws Exception {
        ResultSet cursor = fake(ResultSet.class);
        CallableStatement driver = fake(
                CallableStatement.class,
                (proxy, method, args) -> method.getName().equals("getObject") ? cursor : null);
        CallableStatement call = new DelegatingCallableStatement(handle, driver);
        for (Object value : List.of(call.getObject(1), call.getObject("c"), call.getObject(1, Map.of()))) {
            assertThat(((ResultSet) value).getStatement().getConnection()).isSameAs(handle);
        }
    }

    @Test
    void an_array_is_the_drivers_own_again_when_it_is_passed_to_the_driver() throws Exception {
        List<Object> passed = new ArrayList<>();
        PreparedStatement driver = fake(PreparedStatement.class, (proxy, method, args) -> {
            passed.add(args[1]);
            return null;
        });
        PreparedStatement statement = new DelegatingPreparedStatement(handle, driver);
        Array own = fake(Array.class);
        statement.setArray(1, new DelegatingArray(handle, own));
        statement.setObject(1, new DelegatingArray(handle, own));
        statement.setObject(1, new DelegatingArray(handle, own), Types.ARRAY);
        statement.setArray(1, own);
        assertThat(passed).containsExactly(own, own, own, own);
        assertThat(new DelegatingArray(handle, own))
                .as("drivers take an array's text for its literal")
                .hasToString(own.toString())
                .isEqualTo(new DelegatingArray(handle, own));
    }

    @Test
    void a_failure_of_the_metadata_reaches_the_user_unchanged_and_is_reported() throws Exception {
        DatabaseMetaData metaData = handle.getMetaData();
        toThrow = new SQLException("gone", "08006");
        assertThatThrownBy(metaData::getUserName).isSameAs(toThrow);
        assertThat(handle.faults).containsExactly(Fault.CONNECTION_LOST);
        assertThat(metaData).isEqualTo(metaData).isNotEqualTo(handle.delegate());
        assertThat(metaData.unwrap(DatabaseMetaData.class)).isSameAs(metaData);
    }

    @Test
    void a_closed_handle_refuses_with_08003_and_names_the_pool_and_the_endpoint() throws Exception {
        DatabaseMetaData metaData = handle.getMetaData();
        Statement statement = handle.createStatement();
        handle.close();
        for (Method method : Connection.class.getMethods()) {
            if (Set.of("close", "abort", "isClosed", "isValid").contains(method.getName())
                    || Modifier.isStatic(method.getModifiers())) {
                continue;
            }
            assertThatThrownBy(() -> invoke(handle, method))
                    .as("%s", method)
                    .isInstanceOf(SQLException.class)
                    .hasMessage("connection is closed (pool orders, endpoint pg-0@10.0.0.1:5432)")
                    .extracting(e -> ((SQLException) e).getSQLState())
                    .isEqualTo("08003");
        }
        assertThat(handle.isClosed()).isTrue();
        assertThat(handle.isValid(1)).isFalse();
        assertThatThrownBy(metaData::getUserName).hasMessageContaining("connection is closed");
        assertThatThrownBy(statement::getConnection).hasMessageContaining("connection is closed");
        assertThatThrownBy(() -> handle.setClientInfo("a", "b")).isInstanceOf(SQLClientInfoException.class);
        assertThat(handle.faults).as("the user's mistake, not the endpoint's").isEmpty();
    }

    @Test
    void close_again_doesNothing() throws Exception {
        handle.close();
        handle.close();
        handle.abort(Runnable::run);
        assertThat(handle.released).containsExactly(physical);
    }

    @Test
    void abort_aborts_and_releases_once() throws Exception {
        handle.abort(Runnable::run);
        handle.close();
        assertThat(calls).containsExactly("abort(Executor)");
        assertThat(handle.released).containsExactly(physical);
        assertThat(handle.faults)
                .as("it is not handed out again, and the endpoint isn't the reason")
                .containsExactly(Fault.SESSION_LOST);
        assertThat(handle.isClosed()).isTrue();
    }

    @Test
    void close_by_many_threads_releases_once() throws Exception {
        for (int round = 0; round < 200; round++) {
            Handle shared = new Handle(physical);
            CountDownLatch start = new CountDownLatch(1);
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                Thread thread = new Thread(() -> closeAfter(start, shared), "closer-" + i);
                thread.start();
                threads.add(thread);
            }
            start.countDown();
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(shared.released).as("round %d", round).hasSize(1);
        }
    }

    private static void closeAfter(CountDownLatch start, Connection shared) {
        try {
            start.await();
            shared.close();
        } catch (InterruptedException | SQLException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void a_connection_failure_is_reported_once_and_reaches_the_user_unchanged() throws Exception {
        PreparedStatement statement = handle.prepareStatement("x");
        SQLException gone = new SQLException("gone", "08006");
        toThrow = gone;
        assertThatThrownBy(statement::executeQuery).isSameAs(gone);
        assertThatThrownBy(handle::commit).isSameAs(gone);
        assertThat(handle.faults).containsExactly(Fault.CONNECTION_LOST);
    }

    @Test
    void a_failure_while_reading_a_result_is_reported() throws Exception {
        ResultSet rows = handle.createStatement().executeQuery("x");
        toThrow = new SQLException("shutting down", "57P01");
        assertThatThrownBy(rows::next).isSameAs(toThrow);
        assertThat(handle.faults).containsExactly(Fault.CONNECTION_LOST);
    }

    @Test
    void an_error_in_the_users_sql_is_not_reported() throws Exception {
        Statement statement = handle.createStatement();
        toThrow = new SQLException("syntax error", "42601");
        assertThatThrownBy(() -> statement.execute("x")).isSameAs(toThrow);
        assertThat(handle.faults).isEmpty();
    }

    @Test
    void read_only_is_reported_unless_the_user_asked_for_it() throws Exception {
        Statement statement = handle.createStatement();
        Handle asked = new Handle(fake(Connection.class, (proxy, method, args) -> {
            if (method.getName().equals("isReadOnly")) {
                return true;
            }
            throw new SQLException("read-only", "25006");
        }));
        toThrow = new SQLException("read-only", "25006");
        assertThatThrownBy(() -> statement.execute("insert")).isSameAs(toThrow);
        assertThatThrownBy(asked::commit).isInstanceOf(SQLException.class);
        assertThat(handle.faults).containsExactly(Fault.READ_ONLY);
        assertThat(asked.faults).isEmpty();
    }

    @Test
    void a_graver_fault_is_reported_after_a_lesser_one() throws Exception {
        Statement statement = handle.createStatement();
        for (SQLException failure : List.of(
                new SQLException("no details"),
                new SQLException("syntax error", "42601"),
                new SQLException("gone", "08006"),
                new SQLException("no details"))) {
            toThrow = failure;
            assertThatThrownBy(() -> statement.execute("x")).isSameAs(failure);
        }
        assertThat(handle.faults).containsExactly(Fault.UNCLEAR, Fault.CONNECTION_LOST);
    }

    @Test
    void a_failure_to_release_is_thrown_unless_the_connection_was_aborted() throws Exception {
        handle.onRelease = new SQLException("rollback failed", "08006");
        assertThatThrownBy(handle::close).isSameAs(handle.onRelease);
        assertThat(handle.released).hasSize(1);
        Handle aborted = new Handle(physical);
        aborted.onRelease = handle.onRelease;
        aborted.abort(Runnable::run);
        assertThat(aborted.released).hasSize(1);
    }

    @Test
    void unwrap_gives_the_handle_for_what_it_is_and_else_asks_beneath() throws Exception {
        assertThat(handle.unwrap(Connection.class)).isSameAs(handle);
        assertThat(handle.isWrapperFor(DelegatingConnection.class)).isTrue();
        assertThat(calls).isEmpty();
        Class<?> beneath = physical.getClass();
        assertThat(handle.isWrapperFor(beneath)).isTrue();
        assertThat((Object) handle.unwrap(beneath)).isSameAs(physical);
        assertThat(handle.isWrapperFor(Runnable.class)).isFalse();
        assertThat(calls).containsExactly("isWrapperFor(Class)");
        Statement statement = handle.createStatement();
        assertThat(statement.unwrap(Statement.class)).isSameAs(statement);
        assertThat(statement.isWrapperFor(Wrapper.class)).isTrue();
    }

    @Test
    void equality_is_identity_and_the_text_names_pool_and_endpoint() {
        assertThat(handle).isEqualTo(handle).isNotEqualTo(physical).isNotEqualTo(new Handle(physical));
        assertThat(handle).hasToString("connection of pool orders to pg-0@10.0.0.1:5432");
        assertThat(calls).as("no call of the driver").isEmpty();
    }

    private static @Nullable Object invoke(Object on, Method method) throws Throwable {
        try {
            return method.invoke(on, arguments(method));
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private static @Nullable Object[] arguments(Method method) {
        return Arrays.stream(method.getParameterTypes())
                .map(type -> type == Class.class ? Runnable.class : defaultOf(type))
                .toArray();
    }

    private static String signature(Method method) {
        return method.getName()
                + Arrays.stream(method.getParameterTypes())
                        .map(Class::getSimpleName)
                        .toList()
                        .toString()
                        .replace('[', '(')
                        .replace(']', ')');
    }

    private <T> T fake(Class<T> type) {
        return fake(type, (proxy, method, args) -> {
            calls.add(signature(method).replaceAll("\\[\\]", "[]"));
            if (toThrow != null) {
                throw toThrow;
            }
            Class<?> result = method.getReturnType();
            if (result == Object.class && args != null && args[args.length - 1] instanceof Class<?> wanted) {
                result = wanted;
            }
            return result.isInterface() && result.getPackageName().equals("java.sql")
                    ? fake(result)
                    : defaultOf(result);
        });
    }

    private static <T> T fake(Class<T> type, InvocationHandler handler) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, args) -> {
            if (method.getDeclaringClass() == Object.class) {
                return switch (method.getName()) {
                    case "equals" -> proxy == args[0];
                    case "hashCode" -> System.identityHashCode(proxy);
                    default -> "fake";
                };
            }
            return handler.invoke(proxy, method, args);
        }));
    }

    private static @Nullable Object defaultOf(Class<?> type) {
        if (type == boolean.class) {
            return false;
        }
        if (type == byte.class) {
            return (byte) 0;
        }
        if (type == short.class) {
            return (short) 0;
        }
        if (type == int.class) {
            return 0;
        }
        if (type == long.class) {
            return 0L;
        }
        if (type == float.class) {
            return 0f;
        }
        return type == double.class ? 0d : null;
    }

    private static final class Handle extends DelegatingConnection {
        final List<Connection> released = new ArrayList<>();
        final List<Fault> faults = new ArrayList<>();

        @Nullable
        SQLException onRelease;

        Handle(Connection delegate) {
            super(delegate);
        }

        @Override
        protected synchronized void release(Connection delegate) throws SQLException {
            released.add(delegate);
            if (onRelease != null) {
                throw onRelease;
            }
        }

        @Override
        protected void faulted(Fault fault, SQLException failure) {
            faults.add(fault);
        }

        @Override
        protected String pool() {
            return "orders";
        }

        @Override
        public EndpointKey endpoint() {
            return new EndpointKey("pg-0", "10.0.0.1", 5432);
        }
    }
}

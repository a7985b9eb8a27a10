package io.evenkeel.jdbc.pool;

import io.evenkeel.FaultInjector;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** A stub's data source, with its connections and their statements, each call of which may fail. */
final class ForeignDriver {

    private final FaultInjector injector;

    ForeignDriver(FaultInjector injector) {
        this.injector = injector;
    }

    DataSource of(StubServer server) {
        return injector.wrap(
                DataSource.class,
                changed(
                        DataSource.class,
                        server.dataSource(),
                        made -> made instanceof Connection connection ? connection(connection) : made));
    }

    private Connection connection(Connection connection) {
        return injector.wrap(
                Connection.class,
                changed(
                        Connection.class,
                        connection,
                        made -> made instanceof Statement statement
                                ? injector.wrap(Statement.class, statement)
                                : made));
    }

    private static <T> T changed(Class<T> type, T of, UnaryOperator<@Nullable Object> result) {
        return type.cast(Proxy.newProxyInstance(
                ForeignDriver.class.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
                    try {
                        return result.apply(method.invoke(of, arguments));
                    } catch (InvocationTargetException thrown) {
                        throw thrown.getCause() instanceof SQLException sql ? sql : new SQLException(thrown.getCause());
                    }
                }));
    }
}

package io.evenkeel.jdbc.handle;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.DatabaseMetaData;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Metadata whose connection is the user's handle, and which is of no use once that is closed. An interface proxy,
 * since it has 180 methods that all do the same and none of which is on a hot path;
 * docs/adr/0034-metadata-by-proxy.md has the figures.
 */
final class MetaDataHandler implements InvocationHandler {
    private final DelegatingConnection connection;
    private final DatabaseMetaData delegate;

    private MetaDataHandler(DelegatingConnection connection, DatabaseMetaData delegate) {
        this.connection = connection;
        this.delegate = delegate;
    }

    static DatabaseMetaData proxy(DelegatingConnection connection, DatabaseMetaData delegate) {
        return (DatabaseMetaData) Proxy.newProxyInstance(
                MetaDataHandler.class.getClassLoader(),
                new Class<?>[] {DatabaseMetaData.class},
                new MetaDataHandler(connection, delegate));
    }

    @Override
    public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments) throws Throwable {
        if (method.getDeclaringClass() == Object.class) {
            return ofObject(proxy, method, arguments);
        }
        switch (method.getName()) {
            case "unwrap", "isWrapperFor" -> {
                Class<?> type = (Class<?>) Objects.requireNonNull(arguments)[0];
                if (type.isInstance(proxy)) {
                    return method.getName().equals("unwrap") ? proxy : true;
                }
                if (type.isInstance(delegate)) {
                    return method.getName().equals("unwrap") ? delegate : true;
                }
                return call(method, arguments);
            }
            case "getConnection" -> {
                connection.delegate();
                return connection;
            }
            default -> {
                connection.delegate();
                Object result = call(method, arguments);
                return result instanceof ResultSet rows ? new DelegatingResultSet(connection, null, rows) : result;
            }
        }
    }

    private @Nullable Object call(Method method, Object @Nullable [] arguments) throws Throwable {
        try {
            return method.invoke(delegate, arguments);
        } catch (InvocationTargetException e) {
            Throwable cause = e.getCause();
            throw cause instanceof SQLException failure ? connection.failed(failure) : cause;
        }
    }

    @SuppressWarnings("ReferenceEquality") // a handle equals itself only
    private Object ofObject(Object proxy, Method method, Object @Nullable [] arguments) {
        return switch (method.getName()) {
            case "equals" -> proxy == Objects.requireNonNull(arguments)[0];
            case "hashCode" -> System.identityHashCode(proxy);
            default -> delegate.toString();
        };
    }
}

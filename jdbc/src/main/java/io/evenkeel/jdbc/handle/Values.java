package io.evenkeel.jdbc.handle;

import java.sql.Array;
import java.sql.ResultSet;
import org.jspecify.annotations.Nullable;

/** Values that lead back to the connection they came from, on their way from the driver and to it. */
final class Values {
    private Values() {}

    /** A value of a column or a parameter: a cursor and an array name the handle, all others are as they are. */
    @SuppressWarnings("unchecked") // both are of an interface that the driver's own value implements
    static <T extends @Nullable Object> T out(DelegatingConnection connection, T value) {
        if (value instanceof ResultSet rows && !(value instanceof DelegatingResultSet)) {
            return (T) new DelegatingResultSet(connection, null, rows);
        }
        if (value instanceof Array array && !(value instanceof DelegatingArray)) {
            return (T) new DelegatingArray(connection, array);
        }
        return value;
    }

    /**
     * As {@link #out}, for a caller that names the class it wants; one that wants a class of the driver's gets that.
     */
    static <T extends @Nullable Object> T out(DelegatingConnection connection, T value, Class<?> type) {
        return type.isInterface() && type.getPackageName().equals("java.sql") ? out(connection, value) : value;
    }

    /** The driver's own of an array that came from {@link #out}. */
    static @Nullable Object toDriver(@Nullable Object value) {
        return value instanceof DelegatingArray array ? array.delegate() : value;
    }

    static @Nullable Array toDriver(@Nullable Array value) {
        return value instanceof DelegatingArray array ? array.delegate() : value;
    }
}

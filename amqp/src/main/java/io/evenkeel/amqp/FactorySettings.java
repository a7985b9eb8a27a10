package io.evenkeel.amqp;

import com.rabbitmq.client.ConnectionFactory;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.Modifier;
import java.util.HashMap;
import org.jspecify.annotations.Nullable;

/**
 * Copies every setting of a client's factory to another. By reflection, since a third of the settings has a setter and
 * no getter, and since a client that is newer than this library may have more of them.
 */
final class FactorySettings {

    private FactorySettings() {}

    static void copy(ConnectionFactory from, ConnectionFactory to) {
        try {
            copyFields(ConnectionFactory.class, from, to, to);
        } catch (ReflectiveOperationException | InaccessibleObjectException e) {
            throw new IllegalStateException(
                    "copyOf: the settings of " + from.getClass().getName()
                            + " can't be read (expected: a module path on which com.rabbitmq.client is open to"
                            + " io.evenkeel.amqp, by --add-opens"
                            + " com.rabbitmq.client/com.rabbitmq.client=io.evenkeel.amqp)",
                    e);
        }
        to.setClientProperties(new HashMap<>(from.getClientProperties()));
    }

    private static void copyFields(Class<?> type, Object from, Object to, ConnectionFactory owner)
            throws ReflectiveOperationException {
        for (Field field : type.getDeclaredFields()) {
            if (Modifier.isStatic(field.getModifiers()) || field.getType() == ConnectionFactory.class) {
                continue;
            }
            field.setAccessible(true);
            Object value = field.get(from);
            field.set(to, isPart(value) ? copyPart(value, owner) : value);
        }
    }

    /** Whether it is a group of settings that refers back to its factory. */
    private static boolean isPart(@Nullable Object value) {
        return value != null && value.getClass().getEnclosingClass() == ConnectionFactory.class;
    }

    private static Object copyPart(Object part, ConnectionFactory owner) throws ReflectiveOperationException {
        Constructor<?> constructor = part.getClass().getDeclaredConstructor(ConnectionFactory.class);
        constructor.setAccessible(true);
        Object copy = constructor.newInstance(owner);
        copyFields(part.getClass(), part, copy, owner);
        return copy;
    }
}

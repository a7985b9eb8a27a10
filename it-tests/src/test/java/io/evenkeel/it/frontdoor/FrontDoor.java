package io.evenkeel.it.frontdoor;

import io.evenkeel.status.PoolStatus;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Locale;
import java.util.SortedSet;
import java.util.TreeSet;

/** One adapter's builder or factory, with its public setters by name, and what it opens. */
abstract class FrontDoor {

    /** What was opened: one pool in use. */
    interface Opened extends AutoCloseable {
        PoolStatus status();

        @Override
        void close() throws Exception;
    }

    private final String adapter;

    FrontDoor(String adapter) {
        this.adapter = adapter;
    }

    /** The builder or factory itself. */
    abstract Object settings();

    /** Opens a pool and, if Pods are there, uses a connection of it. */
    abstract Opened open() throws Exception;

    /** The name that a common setting has here; the same except where it means another thing. */
    String called(String setting) {
        return setting;
    }

    /** Sets by the public setter of that name. */
    void set(String setting, Object value) throws Exception {
        for (Method method : settings().getClass().getMethods()) {
            if (name(method).equals(called(setting)) && isSetter(method) && method.getParameterCount() == 1) {
                try {
                    method.invoke(settings(), value);
                } catch (InvocationTargetException e) {
                    throw e.getCause() instanceof Exception refused ? refused : e;
                }
                return;
            }
        }
        throw new IllegalArgumentException(adapter + " has no setting " + called(setting));
    }

    /** Of this class itself, not of the library that it extends. */
    SortedSet<String> setters() {
        SortedSet<String> names = new TreeSet<>();
        Arrays.stream(settings().getClass().getDeclaredMethods())
                .filter(method -> Modifier.isPublic(method.getModifiers()))
                .filter(method -> !Modifier.isStatic(method.getModifiers()))
                .filter(this::isSetter)
                .forEach(method -> names.add(name(method)));
        return names;
    }

    private boolean isSetter(Method method) {
        Class<?> own = settings().getClass();
        boolean fluent = method.getReturnType().equals(own) && method.getParameterCount() > 0;
        boolean bean = method.getReturnType().equals(void.class)
                && (method.getName().startsWith("set") || method.getName().equals("settings"));
        return method.getDeclaringClass().equals(own) && !method.isBridge() && (fluent || bean);
    }

    private static String name(Method method) {
        String name = method.getName();
        boolean bean = name.length() > 3 && name.startsWith("set") && Character.isUpperCase(name.charAt(3));
        return bean ? name.substring(3, 4).toLowerCase(Locale.ROOT) + name.substring(4) : name;
    }

    @Override
    public String toString() {
        return adapter;
    }
}

package io.evenkeel.endpoint;

/**
 * Names the application's objects in text for people: by their class, since their own text may hold anything. The
 * generated name of a lambda says nothing, so that one is named by the class whose code has it. Thread-safe.
 */
public final class TypeNames {

    private TypeNames() {}

    /** Such as {@code com.example.Recorder}, or {@code a lambda of com.example.Orders}. */
    public static String of(Object object) {
        Class<?> type = object.getClass();
        return type.isHidden() ? "a lambda of " + type.getNestHost().getName() : type.getName();
    }
}

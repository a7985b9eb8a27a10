package io.evenkeel;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Fails the n-th call of foreign code, over all objects that it wraps: run a scenario once to count the calls, then once for
 * each of them and each {@link Kind}. Thread-safe.
 *
 * <pre>{@code
 * FaultInjector counting = FaultInjector.none();
 * scenario(counting);
 * for (int n = 1; n <= counting.calls(); n++) {
 *     scenario(new FaultInjector(n, Kind.ERROR_BEFORE));
 * }
 * }</pre>
 */
public final class FaultInjector {

    /** What happens to the call. */
    public enum Kind {
        /** It throws and does nothing. */
        EXCEPTION_BEFORE,
        ERROR_BEFORE,
        OUT_OF_MEMORY_BEFORE,
        /** It does what it was called for, and then throws. */
        EXCEPTION_AFTER,
        /**
         * It returns, does nothing, and the callback that it was given is never called; a call without one does not return, if
         * the injector knows how to wait, and is not failed else.
         */
        NEVER_COMPLETES;

        boolean isBefore() {
            return this == EXCEPTION_BEFORE || this == ERROR_BEFORE || this == OUT_OF_MEMORY_BEFORE;
        }

        Throwable thrown() {
            return switch (this) {
                case EXCEPTION_BEFORE, EXCEPTION_AFTER -> new IllegalStateException(MESSAGE);
                case ERROR_BEFORE -> new AssertionError(MESSAGE);
                case OUT_OF_MEMORY_BEFORE -> new OutOfMemoryError(MESSAGE);
                case NEVER_COMPLETES -> throw new IllegalStateException("nothing is thrown");
            };
        }
    }

    /** The message of everything that is thrown. */
    public static final String MESSAGE = "injected fault";

    private final int failAt;
    private final Kind kind;
    private final @Nullable Runnable never;
    private final AtomicInteger calls = new AtomicInteger();
    private volatile @Nullable String failed;
    private volatile boolean armed = true;
    private volatile List<Object> failedWith = List.of();

    /** @param failAt which call fails, counted from 1 */
    public FaultInjector(int failAt, Kind kind) {
        this(failAt, kind, null);
    }

    private FaultInjector(int failAt, Kind kind, @Nullable Runnable never) {
        this.failAt = failAt;
        this.kind = kind;
        this.never = never;
    }

    /**
     * Has a call never return.
     *
     * @param never blocks the thread that it runs on; when it returns, as after an interruption, the call throws
     */
    public static FaultInjector blocking(int failAt, Runnable never) {
        return new FaultInjector(failAt, Kind.NEVER_COMPLETES, never);
    }

    /** Only counts. */
    public static FaultInjector none() {
        return new FaultInjector(0, Kind.EXCEPTION_BEFORE);
    }

    /** From now on no call fails and none is counted. */
    public void disarm() {
        armed = false;
    }

    /** Whether the call that fails is among the next so many. */
    public boolean isDueWithin(int next) {
        int left = failAt - calls.get();
        return armed && left > 0 && left <= next;
    }

    /** Calls so far. */
    public int calls() {
        return calls.get();
    }

    /** What the failed call was given; empty if none has failed. */
    public List<Object> failedWith() {
        return failedWith;
    }

    /** The method that failed, or null if none has. */
    public @Nullable String failed() {
        return failed;
    }

    /**
     * The object with its interface's methods counted, except those of {@link Object} and the ones named.
     *
     * @param except methods that are passed on without being counted
     */
    public <T> T wrap(Class<T> type, T foreign, String... except) {
        List<String> uncounted = Arrays.asList(except);
        Object proxy = Proxy.newProxyInstance(
                type.getClassLoader(),
                new Class<?>[] {type},
                (self, method, arguments) ->
                        method.getDeclaringClass() == Object.class || uncounted.contains(method.getName())
                                ? pass(foreign, method, arguments)
                                : call(foreign, method, arguments));
        return type.cast(proxy);
    }

    private @Nullable Object call(Object foreign, Method method, Object[] arguments) throws Throwable {
        if (!armed || calls.incrementAndGet() != failAt) {
            return pass(foreign, method, arguments);
        }
        if (kind == Kind.NEVER_COMPLETES) {
            boolean hasCallback = arguments != null && Arrays.stream(arguments).anyMatch(Consumer.class::isInstance);
            if (!hasCallback && never == null) {
                return pass(foreign, method, arguments);
            }
            failed(method, arguments);
            if (hasCallback) {
                return null;
            }
            never.run();
            throw new IllegalStateException(MESSAGE);
        }
        failed(method, arguments);
        if (!kind.isBefore()) {
            pass(foreign, method, arguments);
        }
        throw kind.thrown();
    }

    private void failed(Method method, Object[] arguments) {
        failedWith = arguments == null ? List.of() : List.of(arguments);
        failed = method.getName();
    }

    private static @Nullable Object pass(Object foreign, Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(foreign, arguments);
        } catch (InvocationTargetException thrown) {
            throw thrown.getCause();
        }
    }

    @Override
    public String toString() {
        return kind + " at call " + failAt + " (" + failed + ")";
    }
}

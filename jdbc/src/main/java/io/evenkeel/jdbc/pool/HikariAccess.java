package io.evenkeel.jdbc.pool;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.SQLExceptionOverride;
import io.evenkeel.jdbc.driver.Credentials;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The accessors that not every HikariCP from 5.1 to 7 has: {@code getCredentials} came with 6.0,
 * {@code getExceptionOverride} with 6.0, {@code getCredentialsProvider} with 7.0. Where one is missing, so is what it
 * would have returned.
 */
public final class HikariAccess {
    private static final @Nullable MethodHandle CREDENTIALS =
            getter("getCredentials", "com.zaxxer.hikari.util.Credentials");
    private static final @Nullable MethodHandle OVERRIDE = getter("getExceptionOverride", SQLExceptionOverride.class);
    private static final @Nullable MethodHandle PROVIDER =
            getter("getCredentialsProvider", "com.zaxxer.hikari.HikariCredentialsProvider");

    private HikariAccess() {}

    /** Asked at every connect, so that a password changed in the settings counts from the next connection on. */
    public static Supplier<Credentials> credentials(HikariConfig config) {
        return () -> {
            Object provider = PROVIDER == null ? null : call(PROVIDER, config);
            return provider != null ? Provider.ask(provider) : configured(config);
        };
    }

    private static Credentials configured(HikariConfig config) {
        Object both = CREDENTIALS == null ? null : call(CREDENTIALS, config);
        // As one, since they may be changed as one.
        return both != null ? Pair.of(both) : Credentials.of(config.getUsername(), config.getPassword());
    }

    /** Whether this HikariCP has all that its pools per Pod are made with; version 7 is the first. */
    public static boolean canPoolPerPod() {
        return PROVIDER != null;
    }

    /** Whether credentials come from a provider, so that a user name or a password that is set would have no effect. */
    public static boolean hasCredentialsProvider(HikariConfig config) {
        return PROVIDER != null && call(PROVIDER, config) != null;
    }

    /** The application's {@code exceptionOverride}, or null. */
    public static @Nullable SQLExceptionOverride exceptionOverride(HikariConfig config) {
        if (OVERRIDE != null) {
            return (SQLExceptionOverride) call(OVERRIDE, config);
        }
        String name = config.getExceptionOverrideClassName();
        try {
            return name == null
                    ? null
                    : (SQLExceptionOverride) Class.forName(name, true, loader())
                            .getDeclaredConstructor()
                            .newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException(
                    "exceptionOverrideClassName: " + name + " (expected: a class with a public constructor)", e);
        }
    }

    private static ClassLoader loader() {
        ClassLoader context = Thread.currentThread().getContextClassLoader();
        return context != null ? context : HikariAccess.class.getClassLoader();
    }

    private static @Nullable MethodHandle getter(String name, String type) {
        try {
            return getter(name, Class.forName(type));
        } catch (ClassNotFoundException e) {
            return null;
        }
    }

    private static @Nullable MethodHandle getter(String name, Class<?> type) {
        try {
            return MethodHandles.publicLookup().findVirtual(HikariConfig.class, name, MethodType.methodType(type));
        } catch (ReflectiveOperationException e) {
            return null;
        }
    }

    private static @Nullable Object call(MethodHandle handle, HikariConfig config) {
        try {
            return handle.invoke(config);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** Apart, so that it is only linked where the interface exists. */
    private static final class Provider {
        static Credentials ask(Object provider) {
            return Pair.of(((com.zaxxer.hikari.HikariCredentialsProvider) provider).getCredentials());
        }
    }

    /** As {@link Provider}. */
    private static final class Pair {
        static Credentials of(Object both) {
            var pair = (com.zaxxer.hikari.util.Credentials) both;
            return Credentials.of(pair.getUsername(), pair.getPassword());
        }
    }
}

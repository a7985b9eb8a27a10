package io.evenkeel.status;

import org.jspecify.annotations.Nullable;

/**
 * An exception about a connection that could not be had, with what was wrong at that moment attached. Implemented by
 * the exceptions of all adapters, each of which is of the type that its library's callers expect.
 *
 * <pre>{@code
 * catch (SQLException e) {
 *     if (e instanceof Diagnosed diagnosed && diagnosed.diagnosis() != null) {
 *         PoolStatus status = diagnosed.diagnosis().status();
 *     }
 * }
 * }</pre>
 */
public interface Diagnosed {

    /** What was wrong; null after the exception was serialized. */
    @Nullable
    Diagnosis diagnosis();
}

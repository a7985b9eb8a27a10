package io.evenkeel.demo;

import org.jspecify.annotations.Nullable;

/**
 * One query. Times are of {@link System#nanoTime}.
 *
 * @param pod the Pod whose connection it used, or null if it got none or the connection was new and broken
 * @param due when it should have begun: the wait of a late one is part of its latency
 * @param began when it did begin
 * @param ended when it was answered or failed
 * @param failure why it failed, or null if it was answered
 */
record Sample(
        @Nullable String pod,
        long due,
        long began,
        long ended,
        @Nullable String failure) {
    boolean failed() {
        return failure != null;
    }
}

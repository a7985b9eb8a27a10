package io.evenkeel.jdbc;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The threads that are alive now. */
final class Threads {
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private Threads() {}

    /** Those whose name contains the text, such as a pool's name. */
    static List<String> named(String text) {
        return all(text).stream().map(Thread::getName).toList();
    }

    /** Those that do not end: an executor counts as terminated a moment before its threads are gone. */
    static List<String> leftBehind(String text) throws InterruptedException {
        for (Thread thread : all(text)) {
            TimeUnit.NANOSECONDS.timedJoin(thread, PATIENCE.toNanos());
        }
        return named(text);
    }

    private static List<Thread> all(String text) {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.isAlive() && thread.getName().contains(text))
                .toList();
    }
}

package io.evenkeel.watch;

import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What is shown of a source besides its endpoints. Immutable.
 *
 * @param target the target's text; empty if there is none
 * @param freshFor how old the last answer may be while the source counts as healthy; null where answers hold for ever
 * @param requests how many requests to the outside the source has made
 * @param lastFailure the last reason why the source gave no answer, or what else doesn't work while it answers; also
 *     after it recovered; null if it never failed
 * @param changes the last changes of the set, oldest first, at most {@link #MOST_CHANGES}
 */
public record SourceDetails(
        String target,
        @Nullable Duration freshFor,
        long requests,
        @Nullable String lastFailure,
        List<SetChange> changes) {

    /** How many changes are kept. */
    public static final int MOST_CHANGES = 10;

    static final SourceDetails NONE = new SourceDetails("", null, 0, null, List.of());

    public SourceDetails {
        Objects.requireNonNull(target, "target");
        changes = List.copyOf(changes);
    }

    /**
     * One published change of the set.
     *
     * @param atNanos when, on the watcher's ticker
     * @param what such as {@code endpoints changed: +pg-3@10.0.0.4:5432}
     */
    public record SetChange(long atNanos, String what) {
        public SetChange {
            Objects.requireNonNull(what, "what");
        }
    }
}

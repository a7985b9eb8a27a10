package io.evenkeel.status;

import io.evenkeel.watch.SourceHealth;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The source of a pool's endpoints at one moment. Immutable.
 *
 * @param target the target that the source was made for
 * @param health whether what is known of the endpoints is current
 * @param age how long ago the source last answered, or null if it never did
 * @param freshFor how old an answer may be while the source counts as healthy; null where answers hold for ever
 * @param reason why it is stale or unknown, or what its last change was
 * @param lastFailure the last reason why the source gave no answer, also after it recovered; null if it never failed
 * @param requests how many requests to the outside it has made
 * @param changes the last changes of the set of endpoints, oldest first, at most ten
 */
public record SourceStatus(
        String target,
        SourceHealth health,
        @Nullable Duration age,
        @Nullable Duration freshFor,
        String reason,
        @Nullable String lastFailure,
        long requests,
        List<SetChange> changes) {

    public SourceStatus {
        Objects.requireNonNull(target, "target");
        Objects.requireNonNull(health, "health");
        Objects.requireNonNull(reason, "reason");
        changes = List.copyOf(changes);
    }

    /**
     * One change of the set of endpoints.
     *
     * @param ago how long ago
     * @param what such as {@code endpoints changed: +pg-3@10.0.0.4:5432}
     */
    public record SetChange(Duration ago, String what) {
        public SetChange {
            Objects.requireNonNull(ago, "ago");
            Objects.requireNonNull(what, "what");
        }

        /** Such as {@code 12 s ago: endpoints changed: +pg-3@10.0.0.4:5432}. */
        @Override
        public String toString() {
            return ago.toSeconds() + " s ago: " + what;
        }
    }

    /** Such as {@code source dns:///pg:5432 is HEALTHY, answered 2 s ago: the first answer}. */
    @Override
    public String toString() {
        return "source " + target + " is " + health + ", "
                + (age == null ? "never answered" : "answered " + age.toSeconds() + " s ago") + ": " + reason;
    }
}

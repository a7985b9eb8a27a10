package io.evenkeel.rsocket;

import java.time.Duration;
import java.util.Objects;
import java.util.function.Supplier;

/**
 * What happens to a stream that is still going on when its connection takes no new requests any more, because the Pod
 * leaves, the connection is too old, or another Pod is to have its place.
 */
public sealed interface LongStreamPolicy {

    /**
     * It stays where it is until it ends. Where the connection is only too old or moved, that connection is kept for
     * it, for as long as it takes; where the Pod leaves, it ends by the drain deadline, since the Pod will. The
     * default.
     */
    static LongStreamPolicy stick() {
        return new Stick();
    }

    /** As {@link #deadline(Duration)}, of 30 s. */
    static LongStreamPolicy deadline() {
        return deadline(Duration.ofSeconds(30));
    }

    /**
     * It has so long to end by itself and then ends with a {@link DrainDeadlineException}, for the application to begin
     * anew.
     *
     * @param grace zero or more
     */
    static LongStreamPolicy deadline(Duration grace) {
        return new Deadline(grace);
    }

    /**
     * It is cancelled and continued at another Pod, at once, also if the connection was lost. Only for request-stream;
     * a channel has {@link #stick} instead.
     *
     * @param resumers makes one for each subscription
     */
    static LongStreamPolicy resubscribe(Supplier<? extends StreamResumer> resumers) {
        return new Resubscribe(resumers);
    }

    /** See {@link LongStreamPolicy#stick()}. */
    record Stick() implements LongStreamPolicy {}

    /**
     * See {@link LongStreamPolicy#deadline(Duration)}.
     *
     * @param grace zero or more
     */
    record Deadline(Duration grace) implements LongStreamPolicy {
        public Deadline {
            if (grace.isNegative()) {
                throw new IllegalArgumentException("grace: " + grace + " (expected: zero or more)");
            }
        }
    }

    /**
     * See {@link LongStreamPolicy#resubscribe}.
     *
     * @param resumers makes one for each subscription
     */
    record Resubscribe(Supplier<? extends StreamResumer> resumers) implements LongStreamPolicy {
        public Resubscribe {
            Objects.requireNonNull(resumers, "resumers");
        }
    }
}

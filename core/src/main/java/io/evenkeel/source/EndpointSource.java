package io.evenkeel.source;

import io.evenkeel.endpoint.Endpoint;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Something that knows which endpoints stand behind one target and tells an observer whenever that changes.
 *
 * <p>A source reports raw facts: it neither settles nor protects against emptiness, and it never throws out of
 * {@link #start}; what may be believed is decided by the watcher. It reports whole sets, from any thread but never two
 * reports at once, and nothing any more once {@link #close} has returned.
 */
public interface EndpointSource extends AutoCloseable {

    /**
     * Begins to watch; called once. Returns at once: the first answer, like every other, goes to the observer. One that
     * has not returned within 5 s counts as a failure of the source.
     *
     * @throws IllegalStateException if started before
     */
    void start(Observer observer);

    /**
     * For how long an answer proves that what is known is the truth: a source that works reports again within this
     * time, if only to say that nothing changed. Longer silence is a fault, and makes what is known stale.
     *
     * @return above zero, or null (the default) if this source's answers hold for ever or it makes no promise;
     *     asked for after reports, on a thread that may block. Thread-safe
     */
    default @Nullable Duration freshFor() {
        return null;
    }

    /** How many requests to the outside it has made so far: questions, readings, lists and watches. Thread-safe. */
    default long requests() {
        return 0;
    }

    /**
     * What doesn't work although the source answers, for people: such as a watch that always breaks, so that the source
     * has to list instead. Shown as the last failure; health stays as the reports say. Thread-safe.
     *
     * @return null (the default) if all is well or its reports say everything
     */
    default @Nullable String trouble() {
        return null;
    }

    /**
     * Stops watching and frees what it holds, within 2 s; after that it is interrupted and not waited for. May be
     * called again. Called when {@link #start} has returned; only where that takes longer than 5 s, before and after
     * it does.
     */
    @Override
    void close();

    /** Receives the reports. Implementations return quickly and never throw. */
    @FunctionalInterface
    interface Observer {
        void on(Report report);
    }

    /** What a source has to say. */
    sealed interface Report permits Endpoints, Missing, Failed {}

    /**
     * The source answered: these are all the endpoints there are now. An empty list means that the name exists and has
     * nothing behind it.
     *
     * @param endpoints no key twice
     */
    record Endpoints(List<Endpoint> endpoints) implements Report {
        public Endpoints {
            endpoints = List.copyOf(endpoints);
        }
    }

    /**
     * The source answered that there is no such thing (no slice, no file): nothing to believe, what was known stays.
     *
     * @param reason what is missing and what to check, for people
     */
    record Missing(String reason) implements Report {
        public Missing {
            Objects.requireNonNull(reason, "reason");
        }
    }

    /**
     * The source could not get an answer; what was known stays, and no removal is believed until it answers again.
     *
     * @param reason what failed and what to check, for people
     * @param cause what was thrown, if anything was
     */
    record Failed(String reason, @Nullable Throwable cause) implements Report {
        public Failed {
            Objects.requireNonNull(reason, "reason");
        }
    }
}

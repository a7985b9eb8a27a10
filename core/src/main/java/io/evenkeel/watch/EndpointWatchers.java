package io.evenkeel.watch;

import io.evenkeel.endpoint.Target;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.EndpointSources;
import io.evenkeel.source.SharedResources;
import io.evenkeel.source.SharedResources.Lease;
import io.evenkeel.source.SourceContext;
import java.time.Duration;
import java.util.Objects;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Keeps one watch per target (and configuration), however many pools use it. A watch begins with its first subscriber
 * and ends with its last. Thread-safe.
 *
 * <p>Everything that a watch does, it does on one thread: it decides what to believe and calls its subscribers there.
 * Its source, which may be foreign code, is called elsewhere ({@link io.evenkeel.source.SourceCalls}), and no lock is
 * held meanwhile.
 */
public final class EndpointWatchers {

    // The one exception from "no static mutable state": a watch costs its API server or DNS server the same for one
    // pool as for twenty only if all pools of a process meet in one place, and they share nothing else. It holds
    // nothing while there is no subscriber.
    private static final EndpointWatchers SHARED = new EndpointWatchers(WatchThreads::start, EndpointSources::create);

    private final Supplier<WatchThreads> threadsStarter;
    private final BiFunction<Target, SourceContext, EndpointSource> sources;

    // Invariant: each subscriber leases the threads for longer than its watch, so every watch that is found here runs
    // on the threads that are found here.
    private final SharedResources shared = new SharedResources();

    private record Key(Target target, WatcherConfig config) {}

    EndpointWatchers(Supplier<WatchThreads> threadsStarter, BiFunction<Target, SourceContext, EndpointSource> sources) {
        this.threadsStarter = threadsStarter;
        this.sources = sources;
    }

    /**
     * Watches that run on the caller's scheduler and executor and take their sources from the caller: for tests, and
     * for those who want to share nothing with the rest of the process.
     *
     * @param context what sources and watchers use; stays the caller's and is not closed here
     * @param sources makes a source that is not started
     */
    public EndpointWatchers(SourceContext context, BiFunction<Target, SourceContext, EndpointSource> sources) {
        this(() -> WatchThreads.borrowed(context), Objects.requireNonNull(sources, "sources"));
        Objects.requireNonNull(context, "context");
    }

    /**
     * The watches of this process. They run on the thread {@code evenkeel-watch}, on up to four named
     * {@code evenkeel-watch-io} and, for each call of a source that is under way, one named
     * {@code evenkeel-watch-source}; these are started for the first subscriber and end with the last.
     */
    public static EndpointWatchers shared() {
        return SHARED;
    }

    /**
     * Begins to listen to a target.
     *
     * @param consumer gets the current snapshot soon and every later one in order, always on the watch thread; it
     *     returns quickly. If it throws, that is logged once and the others are notified nevertheless.
     * @return what ends it; the subscriber closes it
     * @throws IllegalArgumentException if no source understands the target
     */
    public Subscription subscribe(Target target, WatcherConfig config, Consumer<WatchSnapshot> consumer) {
        Objects.requireNonNull(consumer, "consumer");
        Key key = new Key(Objects.requireNonNull(target, "target"), Objects.requireNonNull(config, "config"));
        Lease<WatchThreads> threads = shared.lease(WatchThreads.class, "threads", threadsStarter);
        Lease<Watch> watch = null;
        try {
            watch = shared.lease(Watch.class, key, () -> begin(key, threads.resource()));
        } finally {
            if (watch == null) {
                threads.close();
            }
        }
        return watch.resource().add(consumer, new Place(watch, threads));
    }

    private Watch begin(Key key, WatchThreads threads) {
        Watch watch = new Watch(
                key.target(), key.config(), sources.apply(key.target(), threads.context()), threads.context());
        boolean started = false;
        try {
            watch.start();
            started = true;
        } finally {
            if (!started) {
                // For want of memory or a thread.
                watch.closeSource();
            }
        }
        return watch;
    }

    /** What a subscriber holds, and gives back once. */
    private record Place(Lease<Watch> watch, Lease<WatchThreads> threads) implements Watch.Lifecycle {

        @Override
        public void closed() {
            watch.close();
            threads.close();
        }

        /**
         * The subscriber that has just ended keeps its place until then, so that the watch and its threads live on.
         * Runs on the watch thread in the end, where ending the threads doesn't wait for them.
         */
        @Override
        public void closedWithLinger(Duration linger) {
            threads.resource().context().scheduler().schedule(linger, this::closed);
        }
    }
}

package io.evenkeel.watch;

import io.evenkeel.endpoint.Target;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.EndpointSources;
import io.evenkeel.source.SourceContext;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps one watch per target (and configuration), however many pools use it. A watch begins with its first subscriber
 * and ends with its last. Thread-safe.
 *
 * <p>Everything that a watch does, it does on one thread: it starts and closes its source, decides what to believe and
 * calls its subscribers there. The lock here guards only who watches what, and no foreign code runs under it.
 */
public final class EndpointWatchers {

    // The one exception from "no static mutable state": a watch costs its API server or DNS server the same for one
    // pool as for twenty only if all pools of a process meet in one place, and they share nothing else. It holds
    // nothing while there is no subscriber.
    private static final EndpointWatchers SHARED = new EndpointWatchers(WatchThreads::start, EndpointSources::create);

    private static final Logger LOG = LoggerFactory.getLogger(EndpointWatchers.class);
    private static final Duration CLOSE_PATIENCE = Duration.ofSeconds(5);

    private final Supplier<WatchThreads> threadsStarter;
    private final BiFunction<Target, SourceContext, EndpointSource> sources;

    private final ReentrantLock lock = new ReentrantLock();
    // Invariant under the lock: `threads` is set exactly while `subscribers` > 0, and every watch in the map has
    // subscribers > 0.
    private final Map<Key, Watch> watches = new HashMap<>();
    private @Nullable WatchThreads threads;
    private int subscribers;

    private record Key(Target target, WatcherConfig config) {}

    private EndpointWatchers(
            Supplier<WatchThreads> threadsStarter, BiFunction<Target, SourceContext, EndpointSource> sources) {
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
     * The watches of this process. They run on the thread {@code evenkeel-watch} and on up to four named
     * {@code evenkeel-watch-io}, which are started for the first subscriber and end with the last.
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
        WatchThreads running = enter();
        Watch watch = null;
        try {
            watch = join(key, running);
        } finally {
            if (watch == null) {
                leave(key, null, running);
            }
        }
        return watch.add(consumer, new Watch.Lifecycle() {
            @Override
            public void closed(Watch closed) {
                left(closed);
            }

            @Override
            public void closedWithLinger(Watch closed, Duration linger) {
                leftAfter(closed, linger);
            }
        });
    }

    /**
     * The subscriber that has just ended keeps its place until then, so that the watch and its threads live on. Runs on
     * the watch thread in the end, where ending the threads doesn't wait for them.
     */
    private void leftAfter(Watch watch, Duration linger) {
        watch.threads().context().scheduler().schedule(linger, () -> left(watch));
    }

    private WatchThreads enter() {
        lock.lock();
        try {
            WatchThreads running = threads;
            if (running == null) {
                running = threadsStarter.get();
                threads = running;
            }
            subscribers++;
            return running;
        } finally {
            lock.unlock();
        }
    }

    private Watch join(Key key, WatchThreads running) {
        Watch existing = joinExisting(key, null);
        if (existing != null) {
            return existing;
        }
        // Outside of the lock, since providers are foreign code. Of two threads that race here, one source is thrown
        // away.
        EndpointSource source = sources.apply(key.target(), running.context());
        Watch candidate = new Watch(key.target(), key.config(), source, running);
        Watch joined = joinExisting(key, candidate);
        if (joined == candidate) {
            startOrLeave(candidate);
            return candidate;
        }
        try {
            source.close();
        } catch (RuntimeException | Error failure) {
            LOG.warn("{}: a source that is not needed failed to close", key.target(), failure);
        }
        return Objects.requireNonNull(joined);
    }

    /** If it can't be started, for want of memory or a thread, no one else may join it. */
    private void startOrLeave(Watch candidate) {
        boolean started = false;
        try {
            candidate.start();
            started = true;
        } finally {
            if (!started) {
                lock.lock();
                try {
                    candidate.subscribers--;
                    watches.remove(new Key(candidate.target(), candidate.config()), candidate);
                } finally {
                    lock.unlock();
                }
                candidate.closeSource();
            }
        }
    }

    private @Nullable Watch joinExisting(Key key, @Nullable Watch otherwise) {
        lock.lock();
        try {
            Watch watch = watches.get(key);
            if (watch == null && otherwise != null) {
                watch = otherwise;
                watches.put(key, otherwise);
            }
            if (watch != null) {
                watch.subscribers++;
            }
            return watch;
        } finally {
            lock.unlock();
        }
    }

    private void left(Watch watch) {
        leave(new Key(watch.target(), watch.config()), watch, watch.threads());
    }

    private void leave(Key key, @Nullable Watch watch, WatchThreads running) {
        boolean lastOfWatch = false;
        boolean lastOfAll;
        lock.lock();
        try {
            if (watch != null) {
                watch.subscribers--;
                lastOfWatch = watch.subscribers == 0;
            }
            if (lastOfWatch) {
                watches.remove(key);
            }
            subscribers--;
            lastOfAll = subscribers == 0;
            if (lastOfAll) {
                threads = null;
            }
        } finally {
            lock.unlock();
        }
        if (lastOfWatch) {
            Objects.requireNonNull(watch).stop();
        }
        if (lastOfAll) {
            running.end(CLOSE_PATIENCE);
        }
    }
}

package io.evenkeel.amqp;

import io.evenkeel.adapter.BalancedPool;
import io.evenkeel.adapter.PoolConfig;
import io.evenkeel.balance.PoolSize;
import io.evenkeel.balance.RebalancerConfig;
import io.evenkeel.endpoint.Target;
import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.health.HealthConfig;
import io.evenkeel.time.Ticker;
import io.evenkeel.watch.WatcherConfig;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pools of one process: one for each target, client id and name, whichever factories open connections there, since a
 * plan is the more even the more connections it has. A pool begins with the first connection and ends, threads and watch
 * included, some time after the last. Thread-safe.
 */
final class Placements {

    private static final Logger LOG = LoggerFactory.getLogger(Placements.class);
    private static final Placements SHARED = new Placements();

    /** What tells pools apart. */
    record Key(Target target, String clientId, String pool) {}

    /** What a factory says about its pool. */
    record Settings(
            Key key,
            RebalancerConfig balance,
            HealthConfig health,
            WatcherConfig watch,
            EvenkeelListener listener,
            MetricsRecorder metrics,
            AmqpMetrics amqpMetrics,
            boolean jmx) {}

    /** One pool, running. */
    record Running(BalancedPool pool, Placement placement, RebalancerConfig balance) {

        AmqpStatus status() {
            return new AmqpStatus(
                    pool.status(),
                    placement.connections(),
                    placement.moves(),
                    placement.rolledBack(),
                    placement.recoveries());
        }
    }

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<Key, Running> pools = new HashMap<>();

    /** Those of this process. */
    static Placements shared() {
        return SHARED;
    }

    /** The pool, begun if there is none yet. */
    Running of(Settings settings) {
        lock.lock();
        try {
            Running known = pools.get(settings.key());
            if (known != null) {
                if (!known.balance().equals(settings.balance())) {
                    LOG.warn(
                            "Pool {}: two factories of it have different settings of the balance; those of the first count,"
                                    + " {}",
                            settings.key().pool(),
                            known.balance());
                }
                return known;
            }
            Running begun = begin(settings);
            pools.put(settings.key(), begun);
            return begun;
        } finally {
            lock.unlock();
        }
    }

    private static Running begin(Settings settings) {
        Key key = settings.key();
        BalancedPool pool = BalancedPool.create(PoolConfig.builder(key.pool(), key.target(), settings.balance())
                .size(PoolSize.held(0))
                .health(settings.health())
                .watch(settings.watch())
                .listener(settings.listener())
                .metrics(settings.metrics())
                .jmx(settings.jmx())
                .build());
        Placement placement =
                new Placement(key.pool(), pool.signals(), threads(key.pool()), Ticker.system(), settings.amqpMetrics());
        pool.start(placement);
        return new Running(pool, placement, settings.balance());
    }

    /** {@code evenkeel-<pool>-io-<n>}, which live while there is work; as many as connections move or open at once. */
    private static Executor threads(String pool) {
        AtomicInteger number = new AtomicInteger();
        return new ThreadPoolExecutor(0, Integer.MAX_VALUE, 5, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
            Thread thread = Executors.defaultThreadFactory().newThread(task);
            thread.setName("evenkeel-" + pool + "-io-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
    }

    /** Ends the pools that have no connection and want none. */
    void endUnused() {
        lock.lock();
        try {
            pools.values().removeIf(running -> {
                boolean unused = running.placement().isEmpty();
                if (unused) {
                    running.pool().close();
                }
                return unused;
            });
        } finally {
            lock.unlock();
        }
    }
}

package io.evenkeel.amqp;

import io.evenkeel.adapter.BalancedPool;
import io.evenkeel.adapter.PoolConfig;
import io.evenkeel.balance.RebalancerConfig;
import io.evenkeel.endpoint.Target;
import io.evenkeel.source.SharedResources;
import io.evenkeel.source.SharedResources.Lease;
import io.evenkeel.time.SystemScheduler;
import io.evenkeel.time.Ticker;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pools of one process: one for each target, client id and name, whichever factories open connections there, since
 * a plan is the more even the more connections it has. A pool begins with the first connection and ends, threads and
 * watch included, with the last. Thread-safe.
 */
final class Placements {

    private static final Logger LOG = LoggerFactory.getLogger(Placements.class);
    private static final Placements SHARED = new Placements();

    /** What tells pools apart. */
    record Key(Target target, String clientId, String pool) {}

    /** What a factory configures of its pool. */
    record Settings(PoolConfig pool, AmqpMetrics amqpMetrics) {
        Key key() {
            return new Key(pool.target(), pool.balance().clientId(), pool.name());
        }
    }

    /** One pool, running. */
    static final class Running implements AutoCloseable {
        private final Key key;
        private final BalancedPool pool;
        private final Placement placement;
        private final SystemScheduler timers;
        private final RebalancerConfig balance;
        /** One for each connection that is open or being opened. */
        private final Queue<Lease<Running>> uses = new ConcurrentLinkedQueue<>();

        Running(Key key, BalancedPool pool, Placement placement, SystemScheduler timers, RebalancerConfig balance) {
            this.key = key;
            this.pool = pool;
            this.placement = placement;
            this.timers = timers;
            this.balance = balance;
        }

        Placement placement() {
            return placement;
        }

        AmqpStatus status() {
            return new AmqpStatus(
                    pool.status(),
                    placement.connections(),
                    placement.moves(),
                    placement.rolledBack(),
                    placement.recoveries());
        }

        @Override
        public void close() {
            LOG.debug("Pool {}: its last connection is closed, and so is it", key.pool());
            pool.close();
            timers.close();
        }
    }

    private final SharedResources pools = new SharedResources();

    /** Those of this process. */
    static Placements shared() {
        return SHARED;
    }

    /** The pool, begun if there is none yet; the caller opens one connection in it, which {@link #release}s it. */
    Running acquire(Settings settings) {
        Lease<Running> use = pools.lease(Running.class, settings.key(), () -> begin(settings));
        Running running = use.resource();
        running.uses.add(use);
        if (!running.balance.equals(settings.pool().balance())) {
            LOG.warn(
                    "Pool {}: two factories of it have different settings of the balance; those of the first"
                            + " count, {}",
                    settings.key().pool(),
                    running.balance);
        }
        return running;
    }

    private Running begin(Settings settings) {
        Key key = settings.key();
        BalancedPool pool = BalancedPool.create(settings.pool());
        SystemScheduler timers = new SystemScheduler("evenkeel-" + key.pool() + "-timer");
        Placement placement = new Placement(
                key.pool(),
                pool.signals(),
                threads(key.pool()),
                Ticker.system(),
                timers,
                settings.amqpMetrics(),
                pool.metrics(),
                pool::status);
        Running running =
                new Running(key, pool, placement, timers, settings.pool().balance());
        placement.onClosed(() -> release(running));
        pool.start(placement);
        return running;
    }

    /** {@code evenkeel-<pool>-io-<n>}, which live while there is work; as many as connections move or open at once. */
    private static Executor threads(String pool) {
        AtomicInteger number = new AtomicInteger();
        return new ThreadPoolExecutor(0, Integer.MAX_VALUE, 1, TimeUnit.SECONDS, new SynchronousQueue<>(), task -> {
            Thread thread = Executors.defaultThreadFactory().newThread(task);
            thread.setName("evenkeel-" + pool + "-io-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        });
    }

    /** One connection less: the last one ends the pool, its threads and its watch. */
    void release(Running running) {
        Lease<Running> use = running.uses.poll();
        if (use != null) {
            use.close();
        }
    }
}

package io.evenkeel.jdbc.pool;

import io.evenkeel.time.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Ends a pool: what is idle at once, what is in use when it is returned, what is not returned in time by force. */
final class Shutdown {
    private static final Logger LOG = LoggerFactory.getLogger(Shutdown.class);
    private static final long POLL_MILLIS = 2;
    private static final Duration THREADS_END = Duration.ofMillis(300);

    private final PodRegistry registry;
    private final SeatExchange exchange;
    private final Supply supply;
    private final ConnectionCloser closer;
    private final PoolThreads io;
    private final Ticker ticker;
    private final AtomicBoolean closing = new AtomicBoolean();

    Shutdown(
            PodRegistry registry,
            SeatExchange exchange,
            Supply supply,
            ConnectionCloser closer,
            PoolThreads io,
            Ticker ticker) {
        this.registry = registry;
        this.exchange = exchange;
        this.supply = supply;
        this.closer = closer;
        this.io = io;
        this.ticker = ticker;
    }

    /** See {@link ConnectionPool#close}. */
    boolean close(Duration deadline) {
        if (!closing.compareAndSet(false, true)) {
            return true;
        }
        long end = ticker.nanos() + deadline.toNanos();
        exchange.close();
        List<Pod> all = new ArrayList<>(registry.pods());
        for (Pod pod : all) {
            pod.leave();
            supply.withdraw(pod);
            closer.closeIdle(pod);
        }
        boolean returned = awaitClosed(all, end);
        if (!returned) {
            abort(all);
        }
        if (!io.close(THREADS_END)) {
            LOG.info("Pool {}: threads that still connect or close end by themselves", registry.name());
        }
        return returned;
    }

    private boolean awaitClosed(List<Pod> all, long end) {
        try {
            while (connected(all) > 0) {
                long left = end - ticker.nanos();
                if (left <= 0) {
                    return inUse(all) == 0;
                }
                TimeUnit.NANOSECONDS.sleep(Math.min(left, TimeUnit.MILLISECONDS.toNanos(POLL_MILLIS)));
                // What was being tested, or has just been returned.
                all.forEach(closer::closeIdle);
            }
            return true;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return inUse(all) == 0;
        }
    }

    /** Connections that are open or being tested; a dial that has not ended closes what comes of it by itself. */
    private static int connected(List<Pod> all) {
        return all.stream().mapToInt(pod -> pod.load().open()).sum();
    }

    private static int inUse(List<Pod> all) {
        return all.stream().mapToInt(Pod::busy).sum();
    }

    private void abort(List<Pod> all) {
        StringBuilder counts = new StringBuilder();
        for (Pod pod : all) {
            int busy = 0;
            for (Seat seat : pod.seats()) {
                Session session = seat.session;
                if (session != null && (seat.retireTaken() || seat.retireMarked())) {
                    busy++;
                    Runnable abort = () -> {
                        session.abort();
                        closer.discarded(seat, true);
                    };
                    if (!io.execute(abort)) {
                        abort.run();
                    }
                }
            }
            if (busy > 0) {
                counts.append(counts.isEmpty() ? "" : ", ")
                        .append(pod.key())
                        .append(": ")
                        .append(busy);
            }
        }
        LOG.warn("Pool {}: closed with connections in use, which are aborted ({})", registry.name(), counts);
        long end = ticker.nanos() + THREADS_END.toNanos();
        awaitClosed(all, end);
    }
}

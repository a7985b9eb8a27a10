package io.evenkeel.jdbc.pool;

import io.evenkeel.jdbc.driver.Liveness;
import io.evenkeel.time.Ticker;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks after idle connections: those whose server closed them are replaced, those that are idle for too long are
 * closed, those that are to be kept alive are asked, and so are all of a Pod from which nothing comes back. Every
 * half second on the housekeeper, which it never blocks; changed settings count from the next round.
 */
final class Upkeep {
    private static final Logger LOG = LoggerFactory.getLogger(Upkeep.class);

    /** Keep-alives are spread over this part of their period, as HikariCP does it. */
    private static final double VARIANCE = 0.2;

    private final PodRegistry registry;
    private final PoolThreads io;
    private final Supply supply;
    private final ConnectionTest test;
    private final ConnectionCloser closer;
    private final Ticker ticker;
    private final SplittableRandom random;

    Upkeep(
            PodRegistry registry,
            PoolThreads io,
            Supply supply,
            ConnectionTest test,
            ConnectionCloser closer,
            Ticker ticker,
            long seed) {
        this.registry = registry;
        this.io = io;
        this.supply = supply;
        this.test = test;
        this.closer = closer;
        this.ticker = ticker;
        this.random = new SplittableRandom(seed);
    }

    void run() {
        if (registry.isClosed()) {
            return;
        }
        try {
            long now = ticker.nanos();
            for (Pod pod : registry.pods()) {
                for (Seat seat : pod.seats()) {
                    lookAt(seat, now);
                }
                if (pod.silence.look(pod.seats())) {
                    sweep(pod);
                }
            }
            closeSurplus(now);
        } finally {
            supply.need();
        }
    }

    private void lookAt(Seat seat, long now) {
        if (seat.usedAt != seat.seenUsedAt || !seat.isFree()) {
            seat.seenUsedAt = seat.usedAt;
            seat.idleSince = now;
            return;
        }
        if (!seat.startChecking()) {
            return;
        }
        Session session = seat.session;
        if (session == null || isDue(session, now) || session.peek() == Liveness.DEAD) {
            if (!io.execute(() -> test.check(seat))) {
                test.uncheck(seat);
            }
        } else {
            test.uncheck(seat);
        }
    }

    private boolean isDue(Session session, long now) {
        long period = TimeUnit.MILLISECONDS.toNanos(registry.settings().keepaliveTime());
        if (period <= 0) {
            return false;
        }
        if (session.keepAliveAt == 0 || session.keepAliveAt - session.checkedAt > period) {
            session.keepAliveAt = session.checkedAt + (long) (period * (1 - VARIANCE * random.nextDouble()));
        }
        if (now - session.keepAliveAt < 0) {
            return false;
        }
        session.keepAliveAt = 0;
        return true;
    }

    /** What is idle for longer than idleTimeout, beyond minimumIdle; the longest first. */
    private void closeSurplus(long now) {
        HikariSettings settings = registry.settings();
        long limit = TimeUnit.MILLISECONDS.toNanos(settings.idleTimeout());
        if (!settings.isElastic() || limit <= 0) {
            return;
        }
        List<Seat> idle = new ArrayList<>();
        for (Pod pod : registry.pods()) {
            for (Seat seat : pod.seats()) {
                if (seat.isFree()) {
                    idle.add(seat);
                }
            }
        }
        idle.sort((a, b) -> Long.signum(a.idleSince - b.idleSince));
        int surplus = idle.size() - settings.minimumIdle();
        for (Seat seat : idle) {
            if (surplus <= 0 || now - seat.idleSince < limit) {
                return;
            }
            if (seat.usedAt == seat.seenUsedAt && seat.closeFree()) {
                LOG.debug("Pool {}: closes a connection to {}, idle for too long", registry.name(), seat.pod.key());
                closer.discard(seat);
                surplus--;
            }
        }
    }

    /**
     * After a fault, and where nothing comes back: takes the Pod's idle connections out of reach at once and asks them
     * elsewhere, since the socket of a frozen server's connection looks like any other's. Those in use are left
     * alone. Never blocks.
     */
    void sweep(Pod pod) {
        if (!pod.sweeping.compareAndSet(false, true)) {
            return;
        }
        Queue<Seat> suspects = new ConcurrentLinkedQueue<>();
        for (Seat seat : pod.seats()) {
            if (seat.startChecking()) {
                suspects.add(seat);
            }
        }
        if (suspects.isEmpty()) {
            pod.sweeping.set(false);
        } else {
            startSweep(pod, suspects, false);
        }
    }

    /**
     * Each of these is tested by the thread that takes it out; a thread whose test does not end has another one go
     * on.
     */
    private void startSweep(Pod pod, Queue<Seat> suspects, boolean silent) {
        if (!io.execute(() -> sweep(pod, suspects, silent))) {
            pod.sweeping.set(false);
            for (Seat seat = suspects.poll(); seat != null; seat = suspects.poll()) {
                test.uncheck(seat);
            }
        }
    }

    private void sweep(Pod pod, Queue<Seat> suspects, boolean silentBefore) {
        boolean silent = silentBefore;
        try {
            for (Seat seat = suspects.poll(); seat != null; seat = suspects.poll()) {
                Session session = seat.session;
                Liveness seen = session == null ? Liveness.DEAD : session.peek();
                if (silent && (seen == Liveness.UNKNOWN || seen == Liveness.ALIVE)) {
                    // The fault and one dead connection more: at a frozen Pod each test takes its whole time.
                    test.discardChecked(seat);
                } else {
                    silent |= !test.check(seat, () -> startSweep(pod, suspects, true));
                }
            }
        } finally {
            pod.sweeping.set(false);
        }
    }
}

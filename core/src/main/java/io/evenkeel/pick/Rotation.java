package io.evenkeel.pick;

import io.evenkeel.pick.Appraisal.Standing;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Chooses a connection for each request: a smooth weighted round robin whose weights follow what is known of the Pods,
 * bounded by what is in flight.
 *
 * <h2>Why a rotation</h2>
 *
 * <p>The usual rule, power of two choices on latency times requests in flight (Finagle's and Linkerd's "peak EWMA"), is
 * right under load and wrong without it. When nothing is in flight the estimates decide alone: of three equal Pods one
 * that was 10 % quicker last time gets everything, weights and slow start can't tell (zero in flight is zero for every
 * weight), and a Pod that looked bad once isn't asked again, so that it goes on looking bad. Envoy's users met the last
 * two: a Pod in slow start that gets nothing under least request (envoyproxy/envoy issues 19437, 29259); Linkerd's the
 * other edge of failures as latency: a penalty that keeps a Pod from work for most of a minute (linkerd/linkerd2-proxy
 * pull request 4537 computes it; issue 1213 of linkerd/linkerd asks for a shorter way back from fail-fast). Drawing by
 * chance is even only in the long run: 100 requests each, ± 10 % is one standard deviation.
 *
 * <p>So the order is a rotation, which is even from the first round on and respects weights at any rate. What is
 * observed changes its weights, and only where it tells a Pod apart from the others.
 *
 * <h2>How it works</h2>
 *
 * <ol>
 *   <li><b>Turns.</b> Stride scheduling (Waldspurger and Weihl, 1995): each connection has a pass, the lowest is next
 *       and moves on by the inverse of its share. A newcomer is placed by chance, then nothing is drawn any more.
 *   <li><b>Shares.</b> A hundred times a second at most, by whichever thread picks then, every connection is appraised
 *       against the others ({@link Appraisal}): weight × slow start × quality. Quality is never below a tenth while a
 *       connection is in service, so that it is always sampled; old evidence fades towards the others' mean. Until the
 *       first appraisal has ended all shares are equal, for threads that pick meanwhile don't wait for it.
 *   <li><b>Room.</b> A turn is passed over while the connection has more than {@value #HEADROOM} times its share of all
 *       that is in flight: consistent hashing's bounded loads (Mirrokni, Thorup, Zadimoghaddam, 2016), here on a
 *       rotation. Under load this is what notices first that a Pod is slower, as requests in flight do in Prequal
 *       (Wydrowski et al., NSDI 2024), long before its answers are in. It keeps the turn and has it as soon as there is
 *       room.
 *   <li><b>Failing and silent ones</b> are out of service: one request a second at most. Prequal calls the danger
 *       sinkholing: what fails at once looks quick and idle. Here failures are counted apart from times, and what is
 *       idle has no advantage.
 * </ol>
 *
 * <p>If all are out of service the rotation is over all of them: there is nothing better.
 *
 * <p>Thread-safe. A pick takes no lock: it reads each connection's state and changes one pass by compare-and-set.
 */
public final class Rotation {

    static final double HEADROOM = 1.25;

    static final Duration APPRAISED_EVERY = Duration.ofMillis(10);
    /** How often one that fails is tried again. */
    static final Duration FAILING_RETRY = Duration.ofSeconds(1);
    /**
     * How often at least one that is silent is tried again: some requests take minutes by design, others beside them
     * don't.
     */
    static final Duration SILENT_RETRY = Duration.ofSeconds(5);

    private static final long APPRAISED_EVERY_NANOS = APPRAISED_EVERY.toNanos();
    private static final int TRIES = 4;

    private static final VarHandle VIRTUAL;

    static {
        try {
            VIRTUAL = MethodHandles.lookup().findVarHandle(Rotation.class, "virtual", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final AtomicBoolean appraising = new AtomicBoolean();
    /** Guarded by {@link #appraising}. */
    private final SplittableRandom random;

    /** How far the rotation has come: the highest pass that was picked. Never goes back. */
    private long virtual;

    private volatile long appraisedAt;
    private volatile boolean appraised;

    /** @param seed of the places that newcomers get */
    public Rotation(long seed) {
        this.random = new SplittableRandom(seed);
    }

    /**
     * Picks one, and moves the rotation on.
     *
     * @param all those that may be picked; not changed afterwards
     * @param openEnded whether the request is a stream, which may go on for any time
     * @param now the ticker's time in nanoseconds
     * @return null if none is available
     */
    public <T extends Pickable> @Nullable T pick(T[] all, boolean openEnded, long now) {
        if (isAppraisalDue(all, now) && appraising.compareAndSet(false, true)) {
            try {
                appraise(all, now);
            } finally {
                appraising.set(false);
            }
        }
        T picked = pick(all, openEnded, now, true);
        return picked != null ? picked : pick(all, openEnded, now, false);
    }

    private <T extends Pickable> @Nullable T pick(T[] all, boolean openEnded, long now, boolean inService) {
        // One more: the request itself. Those out of service don't take part.
        long inFlight = 1;
        double shares = 0;
        for (T one : all) {
            Turn turn = one.statistics().turn;
            if ((!inService || turn.isInService()) && one.isAvailable()) {
                inFlight += one.inFlight(openEnded);
                shares += turn.share();
            }
        }
        double perShare = shares > 0 ? HEADROOM * inFlight / shares : Double.MAX_VALUE;
        for (int i = 0; i < TRIES; i++) {
            long at = (long) VIRTUAL.getOpaque(this);
            T best = null;
            long bestKey = 0;
            long bestPass = 0;
            for (T one : all) {
                Turn turn = one.statistics().turn;
                long pass = turn.pass();
                long key = turn.key(pass, at);
                if ((best == null || key - bestKey < 0) && mayPick(one, turn, openEnded, now, inService, perShare)) {
                    best = one;
                    bestKey = key;
                    bestPass = pass;
                }
            }
            if (best == null) {
                return null;
            }
            if (best.statistics().turn.take(bestPass, bestKey, now)) {
                comeTo(bestKey);
                return best;
            }
        }
        return crowded(all, openEnded, now, inService, perShare);
    }

    /**
     * Forwards only: set back by a thread that was interrupted in its pick, it would cut off what others have passed.
     */
    private void comeTo(long key) {
        long at = (long) VIRTUAL.getOpaque(this);
        while (key - at > 0 && !VIRTUAL.weakCompareAndSetPlain(this, at, key)) {
            at = (long) VIRTUAL.getOpaque(this);
        }
    }

    private static boolean mayPick(
            Pickable one, Turn turn, boolean openEnded, long now, boolean inService, double perShare) {
        if (inService && !turn.isInService()) {
            return turn.isDue(now) && one.isAvailable();
        }
        return one.inFlight(openEnded) < perShare * turn.share() && one.isAvailable();
    }

    /** Others took the turn several times in a row: takes what is next without insisting on it. */
    private <T extends Pickable> @Nullable T crowded(
            T[] all, boolean openEnded, long now, boolean inService, double perShare) {
        T best = null;
        long bestPass = 0;
        for (T one : all) {
            Turn turn = one.statistics().turn;
            long pass = turn.pass();
            if ((best == null || pass - bestPass < 0) && mayPick(one, turn, openEnded, now, inService, perShare)) {
                best = one;
                bestPass = pass;
            }
        }
        if (best != null) {
            best.statistics().turn.takeAnyway(now);
        }
        return best;
    }

    private <T extends Pickable> boolean isAppraisalDue(T[] all, long now) {
        if (!appraised || now - appraisedAt >= APPRAISED_EVERY_NANOS) {
            return true;
        }
        for (T one : all) {
            if (!one.statistics().turn.isPlaced()) {
                return true;
            }
        }
        return false;
    }

    private <T extends Pickable> void appraise(T[] all, long now) {
        Evidence[] own = new Evidence[all.length];
        Evidence sum = Evidence.NONE;
        for (int i = 0; i < all.length; i++) {
            own[i] = all[i].statistics().evidence(now);
            sum = sum.plus(own[i]);
        }
        long quiet = Long.MAX_VALUE;
        for (Evidence one : own) {
            // An error that comes at once shows that this process runs, and nothing of those that work.
            if (one.quiet() < quiet && !Appraisal.mostlyFails(one, sum.minus(one))) {
                quiet = one.quiet();
            }
        }
        for (int i = 0; i < all.length; i++) {
            Turn turn = all[i].statistics().turn;
            Evidence others = sum.minus(own[i]);
            if (others.outcomes() < 0.5) {
                all[i].statistics().aloneUntil(now);
            }
            Appraisal appraisal = Appraisal.of(own[i], others, quiet);
            turn.appraise(
                    all[i].weight(now) * appraisal.quality(),
                    appraisal.standing(),
                    interval(appraisal.standing(), own[i].silence()),
                    (long) VIRTUAL.getOpaque(this));
            if (!turn.isPlaced()) {
                turn.place((long) VIRTUAL.getOpaque(this), random.nextDouble());
            }
        }
        appraisedAt = now;
        appraised = true;
    }

    /** A silent one is tried later and later, since each try may be lost. */
    private static long interval(Standing standing, long silence) {
        return switch (standing) {
            case IN_SERVICE -> 0;
            case FAILING -> FAILING_RETRY.toNanos();
            case SILENT -> Math.min(SILENT_RETRY.toNanos(), Math.max(FAILING_RETRY.toNanos(), silence / 2));
        };
    }
}

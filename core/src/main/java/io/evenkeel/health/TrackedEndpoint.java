package io.evenkeel.health;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What is remembered of one endpoint: its circuit breaker, its streaks, and where it stands.
 *
 * <p>Outcomes arrive from any thread; ejecting, sparing and probing happen on the control thread only. The breaker and
 * the streaks are touched under this endpoint's own lock, which is held for a few instructions and under which nothing
 * foreign is called: the breaker has no event consumers. No thread ever holds two of these locks.
 *
 * <p>Invariant, whenever the lock is free: the breaker is closed (or not made yet) in {@code WELL}, open in {@code
 * TRIPPED} and {@code OUT}, half open in {@code PROBING}. An outcome of work reaches the breaker in {@code WELL} only,
 * so that one that was under way when the endpoint was ejected can neither bring it back nor keep it out for longer.
 */
final class TrackedEndpoint {

    /** Where an endpoint stands. */
    enum Phase {
        /** In service. */
        WELL,
        /** It failed too often, and is still in service: not looked at yet, or too many are out already. */
        TRIPPED,
        /** Ejected; once its time is over it waits for a probe. */
        OUT,
        /** Ejected, with a probe under way. */
        PROBING;

        private boolean mayBecome(Phase next) {
            return switch (this) {
                case WELL -> next == TRIPPED;
                case TRIPPED -> next == WELL || next == OUT;
                case OUT -> next == TRIPPED || next == PROBING || next == WELL;
                case PROBING -> next == WELL || next == OUT || next == TRIPPED;
            };
        }
    }

    private final String name;
    private final HealthConfig config;
    private final CircuitBreakerConfig breakerConfig;

    private final ReentrantLock lock = new ReentrantLock();

    /** Made by the first failure: most endpoints never fail, and a window of 50 outcomes is not free. */
    @GuardedBy("lock")
    private @Nullable CircuitBreaker breaker;

    @GuardedBy("lock")
    private int failuresInARow;

    @GuardedBy("lock")
    private int successesInARow;

    @GuardedBy("lock")
    private long trippedAt;

    @GuardedBy("lock")
    private long lastFailureAt;

    @GuardedBy("lock")
    private String tripReason = "";

    /** Written under the lock, read without. */
    private volatile Phase phase = Phase.WELL;

    /** How many more successes say anything; zero most of the time, which is all that a success then reads. */
    private volatile int successesWanted;

    /** Whether a connection worked since the endpoint was ejected or last looked at. */
    private volatile boolean evidence;

    /** Written by the control thread: the least time that it stays out. */
    private volatile long notBefore;

    private volatile long reportedAt;
    private volatile boolean reported;
    private volatile long order;
    private volatile @Nullable LastFailure lastFailure;

    // Below: the control thread's own.
    private long outSince;
    private long outUntil;
    private String outReason = "";
    private int ejections;
    private int failedProbes;
    private long returnedAt;
    private boolean heldBack;

    TrackedEndpoint(String name, HealthConfig config, CircuitBreakerConfig breakerConfig) {
        this.name = name;
        this.config = config;
        this.breakerConfig = breakerConfig;
    }

    Phase phase() {
        return phase;
    }

    /** A number that grows with every endpoint that trips: who failed first. */
    long order() {
        return order;
    }

    @Nullable
    String lastError() {
        LastFailure failure = lastFailure;
        return failure == null ? null : failure.text();
    }

    @Nullable
    LastFailure lastFailure() {
        return lastFailure;
    }

    void remember(LastFailure failure) {
        lastFailure = failure;
    }

    /** Records a failure; true if it tripped the endpoint. */
    boolean failed(long now, long nextOrder) {
        lock.lock();
        try {
            successesInARow = 0;
            lastFailureAt = now;
            if (phase != Phase.WELL) {
                return false;
            }
            failuresInARow++;
            successesWanted = config.minimumCalls();
            CircuitBreaker breaker = breaker();
            breaker.onError(0, TimeUnit.NANOSECONDS, new Failure());
            if (breaker.getState() == CircuitBreaker.State.CLOSED && failuresInARow < config.consecutiveFailures()) {
                return false;
            }
            trip(now, nextOrder, breaker);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Whether a success would change anything; if not, it need not be recorded. */
    boolean wantsSuccesses() {
        return successesWanted != 0;
    }

    /** Whether a working connection is news. */
    boolean failedLately() {
        return successesWanted != 0 || phase != Phase.WELL;
    }

    /** A connection works; true if that is worth looking at because the endpoint is out, and may return. */
    boolean alive(long now) {
        boolean out = phase == Phase.OUT || phase == Phase.PROBING;
        if (!out || evidence || notBefore - now > 0) {
            return false;
        }
        evidence = true;
        return true;
    }

    /** Whether so much time has passed since this last returned true; of racing callers more than one may succeed. */
    boolean mayReport(long now, long everyNanos) {
        if (reported && now - reportedAt < everyNanos) {
            return false;
        }
        reportedAt = now;
        reported = true;
        return true;
    }

    /**
     * Readmits an endpoint that is out and has a connection that works; true if it did. Not before its time is over: an
     * endpoint that accepts connections and fails every request must not return at once each time.
     */
    boolean readmitByEvidence(long now) {
        lock.lock();
        try {
            if (!evidence || (phase != Phase.OUT && phase != Phase.PROBING)) {
                return false;
            }
            evidence = false;
            if (notBefore - now > 0) {
                return false;
            }
            breaker().transitionToClosedState();
            become(Phase.WELL);
            failuresInARow = 0;
            returnedAt = now;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** How many more successes would say anything. */
    int successesWanted() {
        return successesWanted;
    }

    /** Records a success; true if, by completing the window, it tripped the endpoint. */
    boolean succeeded(long now, long nextOrder) {
        lock.lock();
        try {
            int wanted = successesWanted;
            if (wanted == 0) {
                return false;
            }
            failuresInARow = 0;
            if (phase == Phase.TRIPPED) {
                if (++successesInARow >= config.consecutiveFailures()) {
                    recover();
                }
                return false;
            }
            successesWanted = wanted - 1;
            CircuitBreaker breaker = breaker();
            breaker.onSuccess(0, TimeUnit.NANOSECONDS);
            if (breaker.getState() == CircuitBreaker.State.CLOSED) {
                return false;
            }
            trip(now, nextOrder, breaker);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Lets a trip that never led to an ejection lapse; true if the endpoint is well now. */
    boolean lapse(long now) {
        lock.lock();
        try {
            if (phase == Phase.TRIPPED
                    && now - lastFailureAt >= config.maxEjection().toNanos()) {
                recover();
            }
            return phase == Phase.WELL;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Puts a tripped endpoint out until {@link #stayOut} says when that ends; false if it recovered in the meantime.
     */
    boolean eject(long now) {
        lock.lock();
        try {
            if (phase != Phase.TRIPPED) {
                return false;
            }
            become(Phase.OUT);
            successesWanted = 0;
            outSince = now;
            outReason = tripReason;
            heldBack = false;
            evidence = false;
            failedProbes = 0;
            forgive(trippedAt);
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Puts an ejected endpoint back into service because too many are out; it remains the first to go. */
    void spare(long now) {
        lock.lock();
        try {
            if (phase == Phase.PROBING) {
                breaker().transitionToOpenState();
            }
            become(Phase.TRIPPED);
            tripReason = outReason;
            successesInARow = 0;
            successesWanted = config.minimumCalls();
            trippedAt = now;
            lastFailureAt = now;
            returnedAt = now;
        } finally {
            lock.unlock();
        }
    }

    boolean beginProbe(long now) {
        lock.lock();
        try {
            if (phase != Phase.OUT || outUntil - now > 0) {
                return false;
            }
            become(Phase.PROBING);
            breaker().transitionToHalfOpenState();
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Takes back a probe whose end will not be reported; the endpoint stays out, due for another. */
    void abandonProbe() {
        lock.lock();
        try {
            if (phase == Phase.PROBING) {
                breaker().transitionToOpenState();
                become(Phase.OUT);
            }
        } finally {
            lock.unlock();
        }
    }

    /** A probe succeeded; true if that brought the endpoint back. */
    boolean probeSucceeded(long now) {
        lock.lock();
        try {
            if (phase == Phase.TRIPPED) {
                recover();
                return false;
            }
            if (phase != Phase.PROBING) {
                return false;
            }
            breaker().onSuccess(0, TimeUnit.NANOSECONDS);
            become(Phase.WELL);
            failuresInARow = 0;
            returnedAt = now;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** A probe failed; true if the endpoint stays out because of that. */
    boolean probeFailed() {
        lock.lock();
        try {
            if (phase != Phase.PROBING) {
                return false;
            }
            breaker().onError(0, TimeUnit.NANOSECONDS, new Failure());
            become(Phase.OUT);
            outReason = "its probe failed";
            failedProbes++;
            return true;
        } finally {
            lock.unlock();
        }
    }

    /** Counts one more ejection and says how often the endpoint was ejected lately. */
    int countEjection() {
        ejections++;
        return ejections;
    }

    /** Out until a probe is due at {@code until}, and in any case for that long. */
    void stayOut(long until) {
        outUntil = until;
        notBefore = until;
    }

    /** Out until the next probe is due, unless a connection works before that. */
    void probeAgain(long at) {
        outUntil = at;
    }

    /** Probes that failed since it was ejected. */
    int failedProbes() {
        return failedProbes;
    }

    /** Notes that the endpoint failed yet has to stay in service; true the first time. */
    boolean holdBack() {
        boolean first = !heldBack;
        heldBack = true;
        return first;
    }

    HealthView.Ejection ejection() {
        return new HealthView.Ejection(outSince, outUntil, phase == Phase.PROBING, outReason);
    }

    String reason() {
        lock.lock();
        try {
            return phase == Phase.TRIPPED ? tripReason : outReason;
        } finally {
            lock.unlock();
        }
    }

    /** Whether anything is worth keeping once the endpoint is gone. */
    boolean hasHistory() {
        return phase != Phase.WELL || ejections > 0 || successesWanted > 0 || lastFailure != null;
    }

    private void forgive(long until) {
        if (ejections > 0) {
            long spells = Math.max(0, until - returnedAt) / config.maxEjection().toNanos();
            ejections = (int) Math.max(0, ejections - spells);
        }
    }

    @GuardedBy("lock")
    private void trip(long now, long nextOrder, CircuitBreaker breaker) {
        if (breaker.getState() == CircuitBreaker.State.CLOSED) {
            tripReason = failuresInARow + " failures in a row";
            breaker.transitionToOpenState();
        } else {
            CircuitBreaker.Metrics window = breaker.getMetrics();
            tripReason = window.getNumberOfFailedCalls() + " of the last " + window.getNumberOfBufferedCalls()
                    + " attempts failed";
        }
        become(Phase.TRIPPED);
        order = nextOrder;
        trippedAt = now;
        failuresInARow = 0;
        successesInARow = 0;
        heldBack = false;
    }

    @GuardedBy("lock")
    private void recover() {
        breaker().transitionToClosedState();
        become(Phase.WELL);
        failuresInARow = 0;
        successesInARow = 0;
        successesWanted = 0;
    }

    @GuardedBy("lock")
    private void become(Phase next) {
        if (!phase.mayBecome(next)) {
            throw new IllegalStateException(
                    "endpoint " + name + ": " + phase + " to " + next + " (expected: a legal step)");
        }
        phase = next;
    }

    @GuardedBy("lock")
    private CircuitBreaker breaker() {
        CircuitBreaker existing = breaker;
        if (existing == null) {
            existing = CircuitBreaker.of(name, breakerConfig);
            breaker = existing;
        }
        return existing;
    }

    /**
     * Stands for every failure towards the breaker, which only counts: so it neither keeps nor logs the user's
     * exception while the lock is held.
     */
    private static final class Failure extends Exception {
        private static final long serialVersionUID = 1;

        private Failure() {
            super("a failure at the endpoint", null, false, false);
        }
    }
}

package io.evenkeel.health;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.endpoint.Secrets;
import io.evenkeel.health.TrackedEndpoint.Phase;
import io.evenkeel.time.DueTime;
import io.evenkeel.time.Ticker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides which endpoints of one pool are left out for a while because they fail.
 *
 * <p><b>How it works.</b> Each endpoint has a resilience4j circuit breaker. It opens when a given number of failures
 * came in a row, or a given fraction of a window of outcomes are failures ({@link HealthConfig}). An open breaker is a
 * verdict, not yet an ejection: {@link #view()} ejects in the order in which endpoints tripped, as far as the cap
 * allows. One that would exceed the cap stays in service, and is ejected as soon as there is room, unless by then as
 * many successes in a row as it takes failures have cleared it, or it did not fail for {@code maxEjection}.
 *
 * <pre>
 *          failures           view(), room under the cap         time over, beginProbe
 *   WELL ------------> TRIPPED --------------------------> OUT ------------------------> PROBING
 *    ^                    |  ^                              |^                              |  |
 *    |  successes, lapse  |  +------- N shrank: the last ---+|                              |  |
 *    +--------------------+                                  +-- probe failed: longer ------+  |
 *    +------------------------------------- probe succeeded -----------------------------------+
 * </pre>
 *
 * <p>Return is by evidence. The first probe follows {@code baseEjection} after the ejection, and each one that fails
 * doubles the wait to the next: to 4 s for the first minute and a half, which is how long a restart takes, and then up
 * to {@code maxEjection}. One probe that succeeds readmits, and so does a connection that works ({@link #alive}). An
 * endpoint that is ejected again soon after its return (it accepts connections and fails the work) stays out twice as
 * long each time, up to {@code maxEjection}; that is forgotten by one ejection for every {@code maxEjection} that it
 * was well. All waits are drawn between half and the whole of their value. While an endpoint is out, outcomes of work
 * that was under way neither bring it back nor keep it out for longer.
 *
 * <p>The failure rate's window holds the outcomes since the first of a series of failures: a success at an endpoint
 * that did not fail lately costs a map look-up and one read.
 *
 * <p><b>Threads.</b> {@link #failed} and {@link #succeeded} may be called from any thread and never wait for more than
 * another outcome of the same endpoint being counted. Everything else is for the one control thread.
 */
public final class EndpointHealth {

    /** How long an endpoint that is gone may come back and find its history. */
    static final Duration HISTORY = Duration.ofSeconds(60);

    private static final Logger LOG = LoggerFactory.getLogger(EndpointHealth.class);
    private static final Duration NEWS_EVERY = Duration.ofMillis(100);
    private static final int LONGEST_ERROR = 300;

    private final String pool;
    private final HealthConfig config;
    private final Ticker ticker;
    private final RandomGenerator random;
    private final Runnable onChange;
    private final CircuitBreakerConfig breakerConfig;
    private final AtomicLong trips = new AtomicLong();
    private final AtomicBoolean callbackReported = new AtomicBoolean();

    /** Replaced as a whole by the control thread, never changed. */
    private volatile Map<EndpointKey, TrackedEndpoint> present = Map.of();

    // Below: the control thread's own.
    private final Map<EndpointKey, Gone> gone = new HashMap<>();
    private boolean panic;

    /**
     * Health of no endpoint yet; see {@link #retain}.
     *
     * @param pool the pool's name, for messages
     * @param config when to eject
     * @param ticker the only source of time
     * @param random jitters ejections; used on the control thread only
     * @param onChange run on whichever thread reported an outcome, outside every lock, when another look at
     *     {@link #view()} is worth while; must return at once. It may run once too often, never too seldom; it does not
     *     run for what time alone ({@link #nextDue}) or a call on the control thread changes, nor of a new last error
     */
    public EndpointHealth(String pool, HealthConfig config, Ticker ticker, RandomGenerator random, Runnable onChange) {
        this.pool = Objects.requireNonNull(pool, "pool");
        this.config = Objects.requireNonNull(config, "config");
        this.ticker = Objects.requireNonNull(ticker, "ticker");
        this.random = Objects.requireNonNull(random, "random");
        this.onChange = Objects.requireNonNull(onChange, "onChange");
        this.breakerConfig = breakerConfig(config, ticker);
    }

    private static CircuitBreakerConfig breakerConfig(HealthConfig config, Ticker ticker) {
        return CircuitBreakerConfig.custom()
                .slidingWindowType(CircuitBreakerConfig.SlidingWindowType.COUNT_BASED)
                .slidingWindowSize(config.minimumCalls())
                .minimumNumberOfCalls(config.minimumCalls())
                .failureRateThreshold((float) (config.failureRate() * 100))
                .permittedNumberOfCallsInHalfOpenState(1)
                // When an open breaker becomes half open is decided here, by the cap and by probes.
                .automaticTransitionFromOpenToHalfOpenEnabled(false)
                .clock(new TickerClock(ticker))
                .currentTimestampFunction(clock -> ticker.nanos(), TimeUnit.NANOSECONDS)
                .build();
    }

    /**
     * Connecting to the endpoint, or talking to it, failed at the level of the connection. Any thread; never blocks,
     * never throws. Ignored for an endpoint that does not exist (any more).
     */
    public void failed(EndpointKey endpoint, Throwable cause) {
        TrackedEndpoint tracked = present.get(endpoint);
        if (tracked == null) {
            return;
        }
        remember(tracked, cause);
        if (config.enabled() && tracked.failed(ticker.nanos(), trips.incrementAndGet())) {
            tellChange();
        }
    }

    /**
     * There is no connection, for a reason that says nothing about the endpoint's health: it is only remembered as the
     * last error. Any thread; never blocks, never throws.
     */
    public void refused(EndpointKey endpoint, Throwable cause) {
        TrackedEndpoint tracked = present.get(endpoint);
        if (tracked != null) {
            remember(tracked, cause);
        }
    }

    /**
     * A connection to the endpoint works. For an ejected endpoint whose time is over this readmits it, as a probe
     * would, with the next {@link #view()}. Any thread; never blocks, never throws, and is nearly free while the
     * endpoint did not fail lately.
     *
     * @return whether the endpoint failed lately, so that this is news; at most ten times a second for each endpoint,
     *     since an adapter may report it for every request
     */
    public boolean alive(EndpointKey endpoint) {
        TrackedEndpoint tracked = present.get(endpoint);
        if (tracked == null || !tracked.failedLately()) {
            return false;
        }
        long now = ticker.nanos();
        if (tracked.alive(now)) {
            tellChange();
        }
        return tracked.mayReport(now, NEWS_EVERY.toNanos());
    }

    /** How many more successes at the endpoint would say anything; 0 unless it failed lately. Any thread. */
    public int successesWanted(EndpointKey endpoint) {
        TrackedEndpoint tracked = present.get(endpoint);
        return tracked == null ? 0 : tracked.successesWanted();
    }

    /**
     * Work at the endpoint went well. Any thread; never blocks, never throws, and is nearly free while the endpoint did
     * not fail lately.
     */
    public void succeeded(EndpointKey endpoint) {
        TrackedEndpoint tracked = present.get(endpoint);
        if (tracked != null && tracked.wantsSuccesses() && tracked.succeeded(ticker.nanos(), trips.incrementAndGet())) {
            tellChange();
        }
    }

    /**
     * Says which endpoints exist now; their number is what the cap and the panic threshold refer to. What is known of
     * others is forgotten a minute after they left, so that an endpoint that flaps does not return with a clean slate.
     * Control thread only.
     */
    public void retain(Set<EndpointKey> endpoints) {
        long now = ticker.nanos();
        gone.values().removeIf(g -> now - g.since() > HISTORY.toNanos());
        Map<EndpointKey, TrackedEndpoint> before = present;
        if (before.keySet().equals(endpoints)) {
            return;
        }
        before.forEach((key, tracked) -> {
            if (!endpoints.contains(key) && tracked.hasHistory()) {
                tracked.abandonProbe();
                gone.put(key, new Gone(tracked, now));
            }
        });
        Map<EndpointKey, TrackedEndpoint> after = new HashMap<>();
        for (EndpointKey key : endpoints) {
            TrackedEndpoint tracked = before.get(key);
            after.put(key, tracked != null ? tracked : returned(key));
        }
        present = after;
    }

    /** One endpoint more exists now; see {@link #retain}. Control thread only. */
    public void admit(EndpointKey endpoint) {
        if (!present.containsKey(endpoint)) {
            Map<EndpointKey, TrackedEndpoint> after = new HashMap<>(present);
            after.put(endpoint, returned(endpoint));
            present = after;
        }
    }

    private TrackedEndpoint returned(EndpointKey key) {
        Gone history = gone.remove(key);
        return history != null ? history.tracked() : new TrackedEndpoint(pool + "/" + key, config, breakerConfig);
    }

    /** What holds now; ejects and spares endpoints as the cap allows. Control thread only. */
    public HealthView view() {
        long now = ticker.nanos();
        settle(now);
        SortedMap<EndpointKey, HealthView.Ejection> ejections = new TreeMap<>();
        SortedMap<EndpointKey, String> lastErrors = new TreeMap<>();
        present.forEach((key, tracked) -> {
            if (isOut(tracked)) {
                ejections.put(key, tracked.ejection());
            }
            String error = tracked.lastError();
            if (error != null) {
                lastErrors.put(key, error);
            }
        });
        return new HealthView(now, panic, ejections, lastErrors);
    }

    /**
     * A probe begins. Control thread only.
     *
     * @return whether the endpoint is due for one; if not, none should be made and nothing changes
     */
    public boolean beginProbe(EndpointKey endpoint) {
        TrackedEndpoint tracked = present.get(endpoint);
        return tracked != null && tracked.beginProbe(ticker.nanos());
    }

    /**
     * A probe ended: a success brings the endpoint back, a failure ejects it again for longer, from now on. Ignored if
     * no probe of the endpoint is under way. Control thread only.
     *
     * @param cause why it failed, or null if it succeeded or nothing is known
     */
    public void probed(EndpointKey endpoint, boolean ok, @Nullable Throwable cause) {
        TrackedEndpoint tracked = present.get(endpoint);
        if (tracked == null) {
            return;
        }
        if (cause != null) {
            remember(tracked, cause);
        }
        long now = ticker.nanos();
        if (ok) {
            if (tracked.probeSucceeded(now)) {
                LOG.debug("Pool {}: endpoint {} readmitted, its probe succeeded", pool, endpoint);
            }
        } else if (tracked.probeFailed()) {
            // The first wait was that of the ejection itself.
            Duration wait = config.probes().after(tracked.failedProbes() + 1, random);
            tracked.probeAgain(now + wait.toNanos());
            LOG.debug("Pool {}: endpoint {} stays out for {} ms: its probe failed", pool, endpoint, wait.toMillis());
        }
    }

    /**
     * When, on the ticker, time alone next changes {@link #view()}: an ejection is over and a probe is due. How long
     * endpoints have been out ({@link HealthView#ejectedFor}) is the caller's to watch. Control thread only.
     */
    public DueTime nextDue() {
        long now = ticker.nanos();
        settle(now);
        DueTime next = DueTime.never();
        for (TrackedEndpoint tracked : present.values()) {
            if (tracked.phase() == Phase.OUT) {
                next = next.or(DueTime.at(tracked.ejection().until()).ifAfter(now));
            }
        }
        return next;
    }

    private void settle(long now) {
        List<Map.Entry<EndpointKey, TrackedEndpoint>> out = new ArrayList<>();
        List<Map.Entry<EndpointKey, TrackedEndpoint>> tripped = new ArrayList<>();
        for (Map.Entry<EndpointKey, TrackedEndpoint> entry : present.entrySet()) {
            TrackedEndpoint tracked = entry.getValue();
            if (tracked.readmitByEvidence(now)) {
                LOG.debug("Pool {}: endpoint {} readmitted, a connection to it works", pool, entry.getKey());
            } else if (isOut(tracked)) {
                out.add(entry);
            } else if (tracked.phase() == Phase.TRIPPED && !tracked.lapse(now)) {
                tripped.add(entry);
            }
        }
        Comparator<Map.Entry<EndpointKey, TrackedEndpoint>> firstToTrip =
                Comparator.comparingLong(entry -> entry.getValue().order());
        out.sort(firstToTrip);
        tripped.sort(firstToTrip);
        int most = config.mostEjected(present.size());
        int outNow = out.size();
        while (outNow > most) {
            outNow--;
            spare(out.get(outNow), now);
        }
        for (Map.Entry<EndpointKey, TrackedEndpoint> entry : tripped) {
            if (outNow < most) {
                outNow += eject(entry, now) ? 1 : 0;
            } else {
                holdBack(entry, most);
            }
        }
        panicIfFewerThanLeft(present.size() - outNow);
    }

    private boolean eject(Map.Entry<EndpointKey, TrackedEndpoint> entry, long now) {
        boolean ejected = entry.getValue().eject(now);
        if (ejected) {
            putOut(entry.getKey(), entry.getValue(), now);
        }
        return ejected;
    }

    private void putOut(EndpointKey endpoint, TrackedEndpoint tracked, long now) {
        Duration howLong = config.ejections().after(tracked.countEjection(), random);
        tracked.stayOut(now + howLong.toNanos());
        // Debug, since the balancer reports ejections and returns as they take effect, after cap and panic.
        LOG.debug(
                "Pool {}: endpoint {} is ejected for {} ms: {}; last error: {}",
                pool,
                endpoint,
                howLong.toMillis(),
                tracked.reason(),
                tracked.lastError());
    }

    private void spare(Map.Entry<EndpointKey, TrackedEndpoint> entry, long now) {
        entry.getValue().spare(now);
        LOG.info(
                "Pool {}: endpoint {} gets work again although it failed, since fewer endpoints are left",
                pool,
                entry.getKey());
    }

    private void holdBack(Map.Entry<EndpointKey, TrackedEndpoint> entry, int most) {
        if (entry.getValue().holdBack()) {
            LOG.info(
                    "Pool {}: endpoint {} fails ({}) and yet stays in service: {} of {} are out, which is the most",
                    pool,
                    entry.getKey(),
                    entry.getValue().reason(),
                    most,
                    present.size());
        }
    }

    private void panicIfFewerThanLeft(int left) {
        int endpoints = present.size();
        boolean now = endpoints > 0 && left < config.panicThreshold() * endpoints;
        if (now != panic) {
            panic = now;
            LOG.info(
                    now
                            ? "Pool {}: only {} of {} endpoints are not ejected, so ejections are ignored"
                            : "Pool {}: {} of {} endpoints are not ejected, so ejections hold again",
                    pool,
                    left,
                    endpoints);
        }
    }

    private static boolean isOut(TrackedEndpoint tracked) {
        Phase phase = tracked.phase();
        return phase == Phase.OUT || phase == Phase.PROBING;
    }

    private void tellChange() {
        try {
            onChange.run();
        } catch (Throwable e) {
            if (callbackReported.compareAndSet(false, true)) {
                LOG.warn("Pool {}: reporting a change in health failed; logged once", pool, e);
            }
        }
    }

    private void remember(TrackedEndpoint tracked, Throwable cause) {
        tracked.remember(new LastFailure(cause, describe(cause), ticker.nanos()));
    }

    /** The endpoint's last failure, also one that did not count; null if none is remembered. Any thread. */
    public @Nullable LastFailure lastFailure(EndpointKey endpoint) {
        TrackedEndpoint tracked = present.get(endpoint);
        return tracked == null ? null : tracked.lastFailure();
    }

    private static String describe(Throwable cause) {
        String text;
        try {
            text = Secrets.mask(String.valueOf(cause).replaceAll("\\s+", " "));
        } catch (Throwable e) {
            // The exception cannot even say what it is; its type still can.
            text = cause.getClass().getName();
        }
        return text.length() <= LONGEST_ERROR ? text : text.substring(0, LONGEST_ERROR) + "…";
    }

    private record Gone(TrackedEndpoint tracked, long since) {}
}

package io.evenkeel.balance;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.endpoint.EndpointSet;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.plan.Plan;
import io.evenkeel.spi.Guard;
import io.evenkeel.spi.SeatPolicy;
import io.evenkeel.time.DueTime;
import io.evenkeel.time.Scheduler;
import io.evenkeel.watch.SourceHealth;
import io.evenkeel.watch.WatchSnapshot;
import java.time.Duration;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The control loop of one pool. Confined to the control thread.
 *
 * <p>Everything that happens (endpoints change, a seat was filled, a connection broke, time passed) ends in {@link
 * #reconcile}, which compares what is with what is planned and takes the next steps; it keeps no memory of why it was
 * called. So no event can be missed by coming at a bad moment, and a step that could not be taken is taken by a later
 * round.
 */
final class Control {

    private static final Logger LOG = LoggerFactory.getLogger(Control.class);

    private final PoolState state;
    private final Planning planning;
    private final SeatOperations seats;
    private final SeatRetirements retirements;
    private final Seating seating;
    private final Drains drains;
    private final Moves moves;
    private final Ejections ejections;
    private final RebalancingReport report;
    private final Consumer<Control> published;

    /** After how long a round in which a step failed is repeated. */
    private static final Duration AFTER_FAILURE = Duration.ofSeconds(1);

    private WatchSnapshot snapshot = new WatchSnapshot(EndpointSet.empty(), SourceHealth.UNKNOWN, 0, "no answer yet");
    private String planReason = "no endpoint is known yet";
    private @Nullable String dirty;
    /** Whether what made the plan dirty is more than that an application opened or closed a connection. */
    private boolean news;
    /** Whether the last round found no endpoint that can be used. */
    private boolean stuck;
    /** What the last plan that was logged at INFO was about. */
    private Announced announced = new Announced(0, Set.of());

    private Set<EndpointKey> givenUp = Set.of();
    private DueTime replanAt = DueTime.never();
    /** What the adapter took, or null if it is not known what it made of the last routes. */
    private @Nullable Set<EndpointKey> routed = Set.of();

    private Scheduler.@Nullable Cancellable timer;
    /** Written by the thread that closes; from then on no round begins. */
    private volatile boolean closed;

    private record Announced(int seats, Set<EndpointKey> endpoints) {}

    Control(PoolState state, Consumer<Control> published) {
        this.state = state;
        this.published = published;
        this.planning = new Planning(state.pool, state.config);
        this.seats = new SeatOperations(state);
        this.retirements = new SeatRetirements(state);
        this.seating = new Seating(state, seats, retirements);
        this.drains = new Drains(state, seats, seating);
        this.moves = new Moves(state, seats, retirements);
        this.ejections = new Ejections(state, seats);
        this.report = new RebalancingReport(state.pool);
    }

    /** Runs a task on the control thread and reconciles after it; from any thread. */
    void post(Runnable task) {
        state.context.scheduler().execute(() -> {
            if (!closed) {
                state.guard.run("a task of the control loop", null, task::run);
                reconcile();
            }
        });
    }

    void endpoints(WatchSnapshot newer) {
        WatchSnapshot before = snapshot;
        snapshot = newer;
        state.sourceHealthy = newer.health() == SourceHealth.HEALTHY;
        if (newer.health() == SourceHealth.STALE && before.health() != SourceHealth.STALE) {
            LOG.warn("Pool {}: what is known of its endpoints is stale: {}", state.pool, newer.reason());
            state.tell(new EvenkeelEvent.SourceStale(state.pool, newer.reason()));
        } else if (newer.health() == SourceHealth.HEALTHY && before.health() == SourceHealth.STALE) {
            LOG.info("Pool {}: its endpoints are known again", state.pool);
            state.tell(new EvenkeelEvent.SourceRecovered(state.pool));
        }
        if (!newer.endpoints().sameEndpoints(before.endpoints())) {
            replanFor(newer.reason());
        }
    }

    /** The pool's budget from now on; how its connections move stays as it was. */
    void resize(int seats) {
        resize(new SeatPolicy.Budgeted(seats, state.policy.movement()));
    }

    void resize(SeatPolicy policy) {
        if (!policy.equals(state.policy)) {
            replanFor("resized from " + state.policy + " to " + policy);
            state.policy = policy;
        }
    }

    private void replanFor(String reason) {
        dirty = reason;
        news = true;
    }

    /** More, or fewer, seats are held than before. */
    void held(int change) {
        if (state.policy instanceof SeatPolicy.Held held) {
            SeatPolicy.Held changed = held.changedBy(change);
            state.policy = changed;
            dirty = dirty != null ? dirty : changed.seats() + " seats are held";
            // Also where no plan can be made: a seat that is not held any more is not to be filled.
            state.seats = Math.min(state.seats, changed.seats());
        }
    }

    void lost(EndpointKey endpoint) {
        Slot slot = state.slots.get(endpoint);
        if (slot != null) {
            seats.lost(slot);
        }
    }

    void freed(EndpointKey endpoint) {
        Slot slot = state.slots.get(endpoint);
        if (slot != null) {
            // Below zero for a moment, if it was given back before its opening was booked.
            slot.seats--;
        }
    }

    void alive(EndpointKey endpoint) {
        ejections.alive(endpoint);
    }

    /** From any thread; a round that is under way ends. */
    void close() {
        closed = true;
    }

    /** One round. A step that fails ends neither the round nor the loop: the next round, soon, repeats it. */
    private void reconcile() {
        long now = state.now();
        boolean complete = false;
        try {
            complete = step("the deadlines of steps", () -> state.adapter.expire(now))
                    & step("overdue retirements", () -> retirements.expire(now))
                    & step("health", () -> ejections.refresh(now))
                    & step("the plan", () -> replan(now))
                    & step("drains", () -> drains.advance(now))
                    & step("joins", () -> seats.joinAgain(now))
                    & (step("routes", this::route) && routed != null)
                    & step("probes", ejections::probe)
                    & step("seats to retire", () -> seating.rules().trim(moves.surgeInAir(), now))
                    & step("seats to open", () -> seating.fill(moves::filled, now))
                    & step("moves", () -> moves.advance(now))
                    & step("endpoints that are gone", () -> drains.removeGone(now))
                    & step("the status", () -> publish(now));
        } finally {
            arm(now, complete);
        }
    }

    private boolean step(String name, Guard.Step work) {
        return state.guard.run("the control loop's step for " + name, null, work) == null;
    }

    private void publish(long now) {
        if (moves.pending() == 0 && state.slots.movesNeeded(state.seats) == 0) {
            report.ended(state.moved, now);
        }
        published.accept(this);
    }

    private void replan(long now) {
        Set<EndpointKey> out = ejections.givenUp();
        if (!out.equals(givenUp)) {
            String reason = out.isEmpty() ? "every endpoint is healthy again" : "ejected for long: " + out;
            replanFor(news && dirty != null ? dirty : reason);
            givenUp = out;
        }
        if (!news && replanAt.isDue(now)) {
            replanFor(planning.changeReason(now));
        }
        if (dirty == null) {
            return;
        }
        Planning.Decision decision = planning.decide(snapshot.endpoints(), givenUp, state.policy, now);
        replanAt = planning.nextChangeAt(now);
        if (decision == null) {
            planReason = dirty + "; no endpoint can be used, so everything stays as it is";
            if (snapshot.health() != SourceHealth.UNKNOWN && (news || !stuck)) {
                LOG.warn("Pool {}: {}", state.pool, planReason);
            } else {
                LOG.debug("Pool {}: {}", state.pool, planReason);
            }
        } else {
            planReason = dirty;
            adopt(decision, now);
        }
        stuck = decision == null;
        dirty = null;
        news = false;
    }

    private void adopt(Planning.Decision decision, long now) {
        state.staying = decision.staying();
        drains.follow(decision.staying(), now);
        state.seats = decision.seats();
        state.ledger.firstPlan(state.seats);
        Plan plan = decision.plan();
        for (Map.Entry<EndpointKey, Integer> entry : plan.seatsByEndpoint().entrySet()) {
            if (entry.getValue() > 0 && state.slots.get(entry.getKey()) == null) {
                seats.add(Objects.requireNonNull(decision.staying().get(entry.getKey())), now);
            }
        }
        for (Slot slot : state.slots.all()) {
            slot.target = slot.leaving ? 0 : plan.seatsOf(slot.key());
        }
        int needed = state.slots.movesNeeded(state.seats);
        announce(plan, decision.staying().keySet(), needed, now);
        state.tell(new EvenkeelEvent.PlanChanged(state.pool, planReason, needed));
    }

    /**
     * At INFO if something has to move, or the pool's size or its endpoints are others than in the line before; while
     * moves are under way only the latter, since their end is reported. What an application's own opening and closing
     * of connections changes is of interest connection by connection only.
     */
    private void announce(Plan plan, Set<EndpointKey> staying, int needed, long now) {
        Announced current = new Announced(state.seats, Set.copyOf(staying));
        boolean worth = news && ((needed > 0 && !report.isUnderWay()) || !current.equals(announced));
        String text = String.format(
                Locale.ROOT,
                "%d connections over %d of %d endpoints, %d to move (%s)",
                state.seats,
                plan.seatsByEndpoint().size(),
                staying.size(),
                needed,
                planReason);
        if (worth) {
            announced = current;
            LOG.info("Pool {}: {}", state.pool, text);
        } else {
            LOG.debug("Pool {}: {}", state.pool, text);
        }
        if (worth && needed > 0) {
            report.began(state.moved, now);
        }
    }

    private void route() {
        Set<EndpointKey> routable = new HashSet<>();
        for (Slot slot : state.slots.all()) {
            if (!slot.leaving && slot.seats > 0 && !state.isEjected(slot.key())) {
                routable.add(slot.key());
            }
        }
        if (!routable.equals(routed)) {
            Set<EndpointKey> next = Set.copyOf(routable);
            routed = state.adapter.route(next) ? next : null;
        }
    }

    /**
     * Wakes up when the next thing is due. What is due already and could not be done waits for what stands in its way.
     * The timer before is only taken back once the next is set.
     */
    private void arm(long now, boolean complete) {
        DueTime retry = DueTime.at(now + AFTER_FAILURE.toNanos());
        DueTime next = state.guard.call("the control loop's next wake-up", null, () -> nextDue(now), failure -> retry);
        next = complete ? next : next.or(retry);
        Scheduler.Cancellable before = timer;
        timer = next.isNever() ? null : state.context.scheduler().schedule(next.delayFrom(now), this::wakeUp);
        if (before != null) {
            before.cancel();
        }
    }

    private void wakeUp() {
        if (!closed) {
            reconcile();
        }
    }

    private DueTime nextDue(long now) {
        DueTime next = replanAt.or(state.adapter.nextAt())
                .or(drains.nextAt().ifAfter(now))
                .or(retirements.nextAt(now).ifAfter(now))
                .or(moves.nextAt(now).ifAfter(now))
                .or(ejections.nextAt(now).ifAfter(now));
        boolean overdue = state.slots.sum(slot -> slot.overdue) > 0;
        for (Slot slot : state.slots.all()) {
            if (slot.deficit() > 0 || slot.failures > 0 || !slot.joined) {
                next = next.or(DueTime.at(slot.retryAt).ifAfter(now));
            }
            if (overdue
                    || slot.surplus() > 0
                    || !state.ledger.firstAt(slot.key()).isNever()) {
                next = next.or(DueTime.at(slot.retireAgainAt).ifAfter(now));
            }
        }
        return next;
    }

    PoolState state() {
        return state;
    }

    WatchSnapshot snapshot() {
        return snapshot;
    }

    String planReason() {
        return planReason;
    }

    int movesPending() {
        return moves.pending();
    }
}

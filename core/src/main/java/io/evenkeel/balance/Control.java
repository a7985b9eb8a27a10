package io.evenkeel.balance;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.endpoint.EndpointSet;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.plan.Plan;
import io.evenkeel.spi.SeatPolicy;
import io.evenkeel.time.Scheduler;
import io.evenkeel.watch.SourceHealth;
import io.evenkeel.watch.WatchSnapshot;
import java.time.Duration;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/**
 * The control loop of one pool. Confined to the control thread.
 *
 * <p>Whatever happens (endpoints change, a seat was filled, a connection broke, time passed) ends in {@link #reconcile},
 * which compares what is with what is planned and takes the next steps; it keeps no memory of why it was called. So no
 * event can be missed by coming at a bad moment, and a step that could not be taken is taken by a later round.
 */
final class Control {

    private static final Logger LOG = LoggerFactory.getLogger(Control.class);

    private final PoolState state;
    private final Planning planning;
    private final SeatOperations seating;
    private final Drains drains;
    private final Moves moves;
    private final Ejections ejections;
    private final Consumer<Control> published;

    private WatchSnapshot snapshot =
            new WatchSnapshot(EndpointSet.empty(), SourceHealth.UNKNOWN, 0, "nothing heard yet");
    private String planReason = "no endpoint is known yet";
    private @Nullable String dirty;
    /** Whether what made the plan dirty is more than that an application opened or closed a connection. */
    private boolean news;
    /** Whether the last round found no endpoint that can be used. */
    private boolean stuck;
    /** What the last plan that was told of at INFO was about. */
    private Announced announced = new Announced(0, Set.of());

    private Set<EndpointKey> givenUp = Set.of();
    private @Nullable Long replanAt;
    private Set<EndpointKey> routed = Set.of();
    private Scheduler.@Nullable Cancellable timer;
    /** Written by whoever closes; from then on no round begins. */
    private volatile boolean closed;

    private record Announced(int seats, Set<EndpointKey> endpoints) {}

    Control(PoolState state, Consumer<Control> published) {
        this.state = state;
        this.published = published;
        this.planning = new Planning(state.pool, state.config);
        this.seating = new SeatOperations(state, this::post);
        this.drains = new Drains(state, seating);
        this.moves = new Moves(state, seating);
        this.ejections = new Ejections(state, this::post);
    }

    /** Runs a task on the control thread and reconciles after it; from any thread. */
    void post(Runnable task) {
        state.context.scheduler().execute(() -> {
            if (!closed) {
                task.run();
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
            seating.lost(slot);
        }
    }

    void freed(EndpointKey endpoint) {
        Slot slot = state.slots.get(endpoint);
        if (slot != null) {
            // Below zero for a moment, if it was given back before its opening was booked.
            slot.seats--;
        }
    }

    /** From any thread; a round that is under way ends. */
    void close() {
        closed = true;
    }

    private void reconcile() {
        long now = state.now();
        ejections.refresh(now);
        replan(now);
        drains.advance(now);
        route();
        ejections.probe();
        if (!state.held()) {
            seating.shrink(moves.surgeInAir(), now);
            if (state.sourceHealthy) {
                seating.moveHoles(now);
            }
        }
        seating.fill(moves::filled, now);
        moves.advance(now);
        drains.removeGone(now);
        published.accept(this);
        arm(now);
    }

    private void replan(long now) {
        Set<EndpointKey> out = ejections.givenUp();
        if (!out.equals(givenUp)) {
            String reason = out.isEmpty() ? "every endpoint is healthy again" : "ejected for long: " + out;
            replanFor(news && dirty != null ? dirty : reason);
            givenUp = out;
        }
        if (!news && replanAt != null && replanAt - now <= 0) {
            replanFor("a hold-down ended or a slow start went on");
        }
        if (dirty == null) {
            return;
        }
        Planning.Decision decision = planning.decide(snapshot.endpoints(), givenUp, state.policy, now);
        replanAt = planning.nextChangeAt(now);
        if (decision == null) {
            planReason = dirty + "; no endpoint can be used, so everything stays as it is";
            boolean worth = snapshot.health() != SourceHealth.UNKNOWN && (news || !stuck);
            LOG.atLevel(worth ? Level.WARN : Level.DEBUG).log("Pool {}: {}", state.pool, planReason);
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
        state.ages.firstPlan(state.seats);
        Plan plan = decision.plan();
        for (Map.Entry<EndpointKey, Integer> entry : plan.seatsByEndpoint().entrySet()) {
            if (entry.getValue() > 0 && state.slots.get(entry.getKey()) == null) {
                state.join(Objects.requireNonNull(decision.staying().get(entry.getKey())), now);
            }
        }
        for (Slot slot : state.slots.all()) {
            slot.target = slot.leaving ? 0 : plan.seatsOf(slot.key());
        }
        int needed = state.slots.movesNeeded(state.seats);
        announce(plan, decision.staying().keySet(), needed);
        state.tell(new EvenkeelEvent.PlanChanged(state.pool, planReason, needed));
    }

    /**
     * At INFO if something has to move, or the pool's size or its endpoints are others than it was last told. What an
     * application's own opening and closing of connections changes is of interest connection by connection only.
     */
    private void announce(Plan plan, Set<EndpointKey> staying, int needed) {
        Announced current = new Announced(state.seats, Set.copyOf(staying));
        boolean worth = news && (needed > 0 || !current.equals(announced));
        if (worth) {
            announced = current;
        }
        LOG.atLevel(worth ? Level.INFO : Level.DEBUG)
                .log(
                        "Pool {}: {} connections over {} of {} endpoints, {} to move ({})",
                        state.pool,
                        state.seats,
                        plan.seatsByEndpoint().size(),
                        staying.size(),
                        needed,
                        planReason);
    }

    private void route() {
        Set<EndpointKey> routable = new HashSet<>();
        for (Slot slot : state.slots.all()) {
            if (!slot.leaving && slot.seats > 0 && !state.isEjected(slot.key())) {
                routable.add(slot.key());
            }
        }
        if (!routable.equals(routed)) {
            routed = Set.copyOf(routable);
            state.connections().route(routed);
        }
    }

    /** Wakes up when the next thing is due. What is due already and could not be done waits for what stands in its way. */
    private void arm(long now) {
        Long next = replanAt;
        next = Planning.earlier(next, ifLater(drains.nextAt(), now));
        next = Planning.earlier(next, ifLater(moves.nextAt(now), now));
        next = Planning.earlier(next, ifLater(ejections.nextAt(now), now));
        for (Slot slot : state.slots.all()) {
            if (slot.deficit() > 0) {
                next = Planning.earlier(next, ifLater(slot.retryAt, now));
            }
            if (slot.retryAt - now > 0 && slot.failures > 0 && state.held()) {
                next = Planning.earlier(next, slot.retryAt);
            }
            if (slot.surplus() > 0) {
                next = Planning.earlier(next, ifLater(slot.retireAgainAt, now));
            }
        }
        if (timer != null) {
            timer.cancel();
            timer = null;
        }
        if (next != null) {
            Duration delay = Duration.ofNanos(Math.max(0, next - now));
            timer = state.context.scheduler().schedule(delay, () -> {
                if (!closed) {
                    reconcile();
                }
            });
        }
    }

    private static @Nullable Long ifLater(@Nullable Long due, long now) {
        return due != null && due - now > 0 ? due : null;
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

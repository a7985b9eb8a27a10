package io.evenkeel.balance;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.health.EndpointHealth;
import io.evenkeel.health.HealthView;
import io.evenkeel.spi.Guard;
import io.evenkeel.spi.SeatPolicy;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/** What the parts of one pool's control loop share. Confined to the control thread. */
final class PoolState {

    final String pool;
    final RebalancerConfig config;
    final BalanceContext context;
    final EndpointHealth health;
    final SlotTable slots = new SlotTable();
    final ConnectionLedger ledger;
    final Guard guard;
    final AdapterVerbs adapter;
    /** Behind the guard and off the control thread. */
    final MetricsRecorder metrics;

    private final Notifier notifier;

    /** What the pool's size is to be, and what the last plan made of it. */
    SeatPolicy policy;

    int seats;
    /** Whether what is known of the endpoints is current: no voluntary move begins otherwise. */
    boolean sourceHealthy;
    /** The endpoints of the last plan that are not to be drained, whether they have a seat or not. */
    Map<EndpointKey, Endpoint> staying = Map.of();
    /** Seats that moved so far. */
    long moved;

    HealthView healthView;

    /** @param post runs a task on the control thread, followed by a round */
    PoolState(
            String pool,
            SeatPolicy policy,
            RebalancerConfig config,
            BalanceContext context,
            EndpointHealth health,
            Consumer<Runnable> post) {
        this.pool = pool;
        this.policy = policy;
        this.seats = policy.seats(1);
        this.config = config;
        this.context = context;
        this.health = health;
        this.healthView = health.view();
        this.ledger = new ConnectionLedger(config.maxConnectionAge(), context.random());
        this.guard = new Guard("Pool " + pool);
        EventDispatch dispatch = new EventDispatch(pool, guard, context.events());
        this.notifier = new Notifier(context.listener(), dispatch);
        this.metrics = GuardedMetrics.of(context.metrics(), dispatch);
        this.adapter = new AdapterVerbs(guard, context.ticker(), post, health::refused);
    }

    long now() {
        return context.ticker().nanos();
    }

    void tell(EvenkeelEvent event) {
        notifier.notify(event);
    }

    boolean isEjected(EndpointKey key) {
        return healthView.isEjected(key);
    }

    /** Whether a dial to it may begin now. */
    boolean mayDial(Slot slot, long now) {
        return !slot.opening && isWell(slot, now);
    }

    /** Whether it stays and nothing speaks against a dial but those that are under way. */
    boolean isWell(Slot slot, long now) {
        return !slot.leaving && slot.joined && slot.retryAt - now <= 0 && !isEjected(slot.key());
    }

    /** Whether the slot is still the one of its endpoint: another of the same endpoint may have taken its place. */
    @SuppressWarnings("ReferenceEquality")
    boolean isPresent(Slot slot) {
        return slots.get(slot.key()) == slot;
    }

    /** Seats that are granted, stay, and have no connection: they can go elsewhere without touching one. */
    int holes(Slot slot) {
        // What is overdue has a connection, which the ledger counts.
        return Math.max(0, slot.seats - slot.retiring + slot.overdue - ledger.open(slot.key()));
    }

    /**
     * Where a seat is to go from: the endpoint with the largest value above 0, of those where a seat can go at once if
     * there are any; null if none has one or may be asked now.
     */
    @Nullable
    Slot slotToRetireFrom(ToIntFunction<Slot> of, long now) {
        Predicate<Slot> mayRetire = slot -> !slot.leaving && slot.mayRetire(now);
        Slot idle = slots.largest(of, slot -> mayRetire.test(slot) && hasIdle(slot));
        return idle != null ? idle : slots.largest(of, mayRetire);
    }

    private boolean hasIdle(Slot slot) {
        return holes(slot) > 0 || adapter.load(slot.key()).idle() > 0;
    }

    /** Whether a connection moves by one verb, rather than by a retire and an open. */
    boolean movesWhole() {
        return policy.movement() == SeatPolicy.Movement.WHOLE;
    }

    void movedSeat(Slot from, Slot to) {
        moved++;
        metrics.connectionMoved(pool, from.key(), to.key());
        tell(new EvenkeelEvent.ConnectionMoved(pool, from.key(), to.key()));
    }
}

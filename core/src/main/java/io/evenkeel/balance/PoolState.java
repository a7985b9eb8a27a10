package io.evenkeel.balance;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.health.EndpointHealth;
import io.evenkeel.health.HealthView;
import io.evenkeel.spi.EndpointConnections;
import io.evenkeel.spi.SeatPolicy;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What the parts of one pool's control loop share. Confined to the control thread. */
final class PoolState {

    final String pool;
    final RebalancerConfig config;
    final BalanceContext context;
    final EndpointHealth health;
    final SlotTable slots = new SlotTable();
    final ConnectionAges ages;
    private final Notifier notifier;
    private volatile @Nullable EndpointConnections connections;

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

    PoolState(String pool, SeatPolicy policy, RebalancerConfig config, BalanceContext context, EndpointHealth health) {
        this.pool = pool;
        this.policy = policy;
        this.seats = policy.seats(1);
        this.config = config;
        this.context = context;
        this.health = health;
        this.healthView = health.view();
        this.ages = new ConnectionAges(config.maxConnectionAge(), context.random());
        this.notifier = new Notifier(pool, context.listener());
    }

    void connect(EndpointConnections adapter) {
        connections = adapter;
    }

    @Nullable
    EndpointConnections connectionsIfStarted() {
        return connections;
    }

    EndpointConnections connections() {
        return Objects.requireNonNull(connections, "connections (expected: start() before anything else)");
    }

    long now() {
        return context.ticker().nanos();
    }

    void tell(EvenkeelEvent event) {
        notifier.tell(event);
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
        return !slot.leaving && slot.retryAt - now <= 0 && !isEjected(slot.key());
    }

    /** Whether each connection is owned by the application, and so never retired. */
    boolean held() {
        return !policy.isPoolOwned();
    }

    /** Whether a connection moves by one verb, rather than by a retire and an open. */
    boolean movesWhole() {
        return policy.movement() == SeatPolicy.Movement.WHOLE;
    }

    /** Makes an endpoint known that had no seat. */
    Slot join(Endpoint endpoint, long now) {
        Slot slot = slots.add(endpoint, now);
        connections().join(endpoint);
        tell(new EvenkeelEvent.EndpointJoined(pool, endpoint));
        return slot;
    }

    void movedSeat(Slot from, Slot to) {
        moved++;
        context.metrics().connectionMoved(pool, from.key(), to.key());
        tell(new EvenkeelEvent.ConnectionMoved(pool, from.key(), to.key()));
    }
}

package io.evenkeel.balance;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.health.EndpointHealth;
import io.evenkeel.health.HealthView;
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
    private @Nullable EndpointConnections connections;

    /** What the pool's size is to be, and what the last plan made of it. */
    PoolSize size;

    int seats;
    /** Whether what is known of the endpoints is current: no voluntary move begins otherwise. */
    boolean sourceHealthy;
    /** Seats that moved so far. */
    long moved;

    HealthView healthView;

    PoolState(String pool, PoolSize size, RebalancerConfig config, BalanceContext context, EndpointHealth health) {
        this.pool = pool;
        this.size = size;
        this.seats = size.seats(1);
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
        return !slot.leaving && !slot.opening && slot.retryAt - now <= 0 && !isEjected(slot.key());
    }
}

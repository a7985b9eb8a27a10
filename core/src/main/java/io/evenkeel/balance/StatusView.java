package io.evenkeel.balance;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.EndpointConnections.Load;
import io.evenkeel.status.EndpointStatus;
import io.evenkeel.status.PoolStatus;
import io.evenkeel.watch.SourceHealth;
import io.evenkeel.watch.WatchSnapshot;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What the control thread lets others see: immutable, published anew after each round. */
record StatusView(int seats, List<Row> rows, WatchSnapshot snapshot, String planReason, int movesPending, long moves) {

    record Row(
            Endpoint endpoint,
            int target,
            int seats,
            boolean opening,
            boolean leaving,
            @Nullable Long ejectedUntil,
            @Nullable String lastError) {}

    static StatusView of(Control control) {
        PoolState state = control.state();
        List<Row> rows = new ArrayList<>();
        for (Slot slot : state.slots.all()) {
            EndpointKey key = slot.key();
            rows.add(new Row(
                    slot.endpoint(),
                    slot.target,
                    slot.seats,
                    slot.opening,
                    slot.leaving,
                    state.healthView.ejectedUntil(key),
                    state.healthView.lastError(key)));
        }
        return new StatusView(
                state.seats,
                List.copyOf(rows),
                control.snapshot(),
                control.planReason(),
                control.movesPending(),
                state.moved);
    }

    PoolStatus toStatus(String pool, String target, Function<EndpointKey, Load> loads, boolean closed, long now) {
        List<EndpointStatus> endpoints = new ArrayList<>();
        for (Row row : rows) {
            endpoints.add(
                    status(row, closed ? Load.NONE : loads.apply(row.endpoint().key()), now));
        }
        Duration age = snapshot.health() == SourceHealth.UNKNOWN
                ? null
                : Duration.ofNanos(Math.max(0, now - snapshot.answeredAtNanos()));
        return new PoolStatus(
                pool,
                target,
                seats,
                endpoints,
                snapshot.health(),
                age,
                snapshot.reason(),
                planReason,
                movesPending,
                moves,
                closed);
    }

    private static EndpointStatus status(Row row, Load load, long now) {
        Long until = row.ejectedUntil();
        return new EndpointStatus(
                row.endpoint(),
                row.target(),
                row.seats(),
                load.open(),
                Math.max(load.connecting(), row.opening() ? 1 : 0),
                load.inUse(),
                load.idle(),
                load.draining(),
                row.leaving(),
                until == null ? null : Duration.ofNanos(Math.max(0, until - now)),
                row.lastError());
    }
}

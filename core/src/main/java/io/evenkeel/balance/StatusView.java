package io.evenkeel.balance;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.spi.EndpointConnections.Load;
import io.evenkeel.spi.EndpointConnections.Usage;
import io.evenkeel.status.EndpointFailure;
import io.evenkeel.status.EndpointStatus;
import io.evenkeel.status.PoolStatus;
import io.evenkeel.status.SourceStatus;
import io.evenkeel.watch.SourceDetails;
import io.evenkeel.watch.SourceHealth;
import io.evenkeel.watch.WatchSnapshot;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the control thread lets others see: immutable, published anew after each round. */
record StatusView(int seats, List<Row> rows, WatchSnapshot snapshot, String planReason, int movesPending, long moves) {

    record Row(
            Endpoint endpoint,
            int target,
            int seats,
            boolean opening,
            boolean leaving,
            @Nullable Long ejectedUntil) {}

    /** What is read at the moment that a status is asked for, on the thread that asks. */
    interface Live {
        Load load(EndpointKey endpoint);

        Usage usage();

        @Nullable
        EndpointFailure lastFailure(EndpointKey endpoint, long now);
    }

    static StatusView of(Control control) {
        PoolState state = control.state();
        List<Row> rows = new ArrayList<>();
        for (Slot slot : state.slots.all()) {
            rows.add(new Row(
                    slot.endpoint(),
                    slot.target,
                    slot.seats,
                    slot.opening,
                    slot.leaving,
                    state.healthView.ejectedUntil(slot.key())));
        }
        return new StatusView(
                state.seats,
                List.copyOf(rows),
                control.snapshot(),
                control.planReason(),
                control.movesPending(),
                state.moved);
    }

    StatusView with(WatchSnapshot latest) {
        return new StatusView(seats, rows, latest, planReason, movesPending, moves);
    }

    PoolStatus toStatus(String pool, String target, Live live, boolean closed, Duration age, long now) {
        List<EndpointStatus> endpoints = new ArrayList<>();
        for (Row row : rows) {
            endpoints.add(status(row, live, closed, now));
        }
        Usage usage = live.usage();
        return new PoolStatus(
                pool,
                target,
                age,
                seats,
                closed ? 0 : usage.waiting(),
                usage.acquired(),
                usage.timedOut(),
                closed ? 0 : usage.stickingStreams(),
                endpoints,
                source(target, now),
                planReason,
                movesPending,
                moves,
                closed,
                Map.of());
    }

    private SourceStatus source(String target, long now) {
        SourceDetails details = snapshot.details();
        List<SourceStatus.SetChange> changes = new ArrayList<>();
        for (SourceDetails.SetChange change : details.changes()) {
            changes.add(new SourceStatus.SetChange(since(change.atNanos(), now), change.what()));
        }
        return new SourceStatus(
                details.target().isEmpty() ? target : details.target(),
                snapshot.health(),
                snapshot.health() == SourceHealth.UNKNOWN ? null : since(snapshot.answeredAtNanos(), now),
                details.freshFor(),
                snapshot.reason(),
                details.lastFailure(),
                details.requests(),
                changes);
    }

    private static Duration since(long then, long now) {
        return Duration.ofNanos(Math.max(0, now - then));
    }

    private static EndpointStatus status(Row row, Live live, boolean closed, long now) {
        EndpointKey key = row.endpoint().key();
        Load load = closed ? Load.NONE : live.load(key);
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
                live.lastFailure(key, now));
    }
}

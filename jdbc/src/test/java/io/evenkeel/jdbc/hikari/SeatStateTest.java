package io.evenkeel.jdbc.hikari;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.EndpointKey;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

class SeatStateTest {
    private static final int[] ALL = {
        SeatState.EMPTY,
        SeatState.FREE,
        SeatState.TAKEN,
        SeatState.DIALLING,
        SeatState.MARKED,
        SeatState.CLOSING,
        SeatState.GONE
    };

    private record Verb(int from, int to, Predicate<SeatState> act) {}

    private static final Map<String, Verb> VERBS = Map.ofEntries(
            Map.entry("take", new Verb(SeatState.FREE, SeatState.TAKEN, SeatState::take)),
            Map.entry("free", new Verb(SeatState.TAKEN, SeatState.FREE, SeatState::free)),
            Map.entry("mark", new Verb(SeatState.TAKEN, SeatState.MARKED, SeatState::mark)),
            Map.entry("unmark", new Verb(SeatState.MARKED, SeatState.TAKEN, SeatState::unmark)),
            Map.entry("startDialling", new Verb(SeatState.EMPTY, SeatState.DIALLING, SeatState::startDialling)),
            Map.entry("dialled", new Verb(SeatState.DIALLING, SeatState.FREE, SeatState::dialled)),
            Map.entry("dialFailed", new Verb(SeatState.DIALLING, SeatState.EMPTY, SeatState::dialFailed)),
            Map.entry("fill", new Verb(SeatState.EMPTY, SeatState.FREE, SeatState::fill)),
            Map.entry("drop", new Verb(SeatState.FREE, SeatState.EMPTY, SeatState::drop)),
            Map.entry("giveUp", new Verb(SeatState.TAKEN, SeatState.EMPTY, SeatState::giveUp)),
            Map.entry("closeEmpty", new Verb(SeatState.EMPTY, SeatState.CLOSING, SeatState::closeEmpty)),
            Map.entry("closeFree", new Verb(SeatState.FREE, SeatState.CLOSING, SeatState::closeFree)),
            Map.entry("closeMarked", new Verb(SeatState.MARKED, SeatState.CLOSING, SeatState::closeMarked)),
            Map.entry("gone", new Verb(SeatState.CLOSING, SeatState.GONE, SeatState::gone)));

    @Test
    void each_verb_works_from_its_own_state_only() {
        VERBS.forEach((name, verb) -> {
            for (int state : ALL) {
                Seat seat = seat(state);
                boolean done = verb.act().test(seat);
                assertThat(done).as("%s from %s", name, state).isEqualTo(state == verb.from());
                assertThat(seat.state()).as("after %s from %s", name, state).isEqualTo(done ? verb.to() : state);
            }
        });
    }

    @Test
    void the_table_allows_what_the_verbs_do_and_nothing_else() {
        for (int from : ALL) {
            for (int to : ALL) {
                int start = from;
                int end = to;
                List<String> verbs = VERBS.entrySet().stream()
                        .filter(v ->
                                v.getValue().from() == start && v.getValue().to() == end)
                        .map(Map.Entry::getKey)
                        .toList();
                assertThat(SeatState.isLegal(from, to))
                        .as("%s to %s by %s", from, to, verbs)
                        .isEqualTo(!verbs.isEmpty());
            }
        }
    }

    private static Seat seat(int state) {
        return Seat.of(
                new Lane(
                        new EndpointKey("pod-1", "127.0.0.1", 5432),
                        WaitQueueTest.acquirer(),
                        WaitQueueTest.SILENT,
                        seats -> seats),
                state);
    }
}

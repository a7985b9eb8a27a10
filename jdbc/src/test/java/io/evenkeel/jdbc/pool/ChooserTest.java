package io.evenkeel.jdbc.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which Pod a caller is given, on a clock of the test's own. */
class ChooserTest {
    private static final int SEATS = 4;
    private static final int STAY = Slots.Hints.STAY;

    private final CoarseClock clock = new CoarseClock(() -> {});
    private final Pod one = pod("one");
    private final Pod two = pod("two");
    private final SeatExchange exchange = new SeatExchange(() -> 0, clock, 1, seat -> {}, left -> {});

    ChooserTest() {
        clock.wake();
        exchange.publish(List.of(one, two));
    }

    private static Pod pod(String name) {
        Pod pod = BarePods.pod(name);
        BarePods.addSeats(pod, SEATS);
        return pod;
    }

    /** One acquire and its release; where it was. */
    private Pod use() {
        Seat seat = exchange.take();
        assertThat(seat).isNotNull();
        exchange.putBack(seat);
        return seat.pod;
    }

    private List<Pod> use(int times) {
        List<Pod> at = new ArrayList<>();
        for (int i = 0; i < times; i++) {
            at.add(use());
        }
        return at;
    }

    private static List<Seat> hold(Pod pod, int seats) {
        List<Seat> held = new ArrayList<>();
        for (int i = 0; i < seats; i++) {
            Seat seat = pod.seats()[i];
            assertThat(seat.take()).isTrue();
            held.add(seat);
        }
        return held;
    }

    @Test
    void the_pods_are_taken_in_turn() {
        assertThat(use(100)).filteredOn(one::equals).hasSize(50);
    }

    @Test
    void in_a_burst_each_pod_is_taken_several_times_in_a_row_until_the_tick_is_over() {
        use(200);
        List<Pod> at = use(1_000);
        assertThat(changes(at)).isBetween(1_000 / STAY - 1, 1_000 / STAY + 1);
        assertThat(at).filteredOn(one::equals).hasSizeBetween(500 - STAY, 500 + STAY);
        clock.tick(true);
        assertThat(changes(use(51))).isGreaterThanOrEqualTo(49);
    }

    private static int changes(List<Pod> at) {
        int changes = 0;
        for (int i = 1; i < at.size(); i++) {
            changes += at.get(i) == at.get(i - 1) ? 0 : 1;
        }
        return changes;
    }

    @Test
    void the_first_acquire_of_a_tick_looks_at_how_busy_pods_are_whatever_went_before() {
        for (Pod busy : List.of(one, two)) {
            use(5_000);
            List<Seat> held = hold(busy, SEATS - 1);
            for (int i = 0; i < 10; i++) {
                clock.tick(true);
                assertThat(use())
                        .as("with %s busy", busy == one ? "one" : "two")
                        .isNotSameAs(busy);
            }
            held.forEach(exchange::putBack);
        }
    }

    @Test
    void what_was_found_instead_of_a_full_pod_is_that_turns_seat_for_the_rest_of_the_tick_only() {
        Chooser chooser = new Chooser(clock);
        Slots.Slot slot = new Slots(2, 1).mine();
        Slots.Hints hints = Chooser.hints(slot, Routing.of(List.of(one, two)));
        int turn = hints.routing.turns()[0] == one ? 0 : 1;
        List<Seat> held = hold(one, SEATS);
        Seat found = chooser.take(slot, hints, turn, List.of());
        assertThat(found).isNotNull();
        assertThat(hints.seats[turn]).isSameAs(found);
        found.free();

        clock.tick(true);
        Seat own = chooser.take(slot, hints, 1 - turn, List.of());
        assertThat(own).isNotNull();
        assertThat(hints.seats[turn])
                .as("forgotten at the first look of the next tick")
                .isNull();
        own.free();

        chooser.take(slot, hints, turn, List.of()).free();
        held.forEach(exchange::putBack);
        assertThat(chooser.take(slot, hints, turn, List.of()).pod)
                .as("a look finds the Pod whose turn it is")
                .isSameAs(one);
    }

    @Test
    void a_pod_that_was_full_has_its_turns_again_from_the_next_tick_on() {
        List<Seat> held = hold(one, SEATS);
        assertThat(use(1_000)).doesNotContain(one);
        held.forEach(exchange::putBack);
        clock.tick(true);
        assertThat(use(100)).filteredOn(one::equals).hasSize(50);
    }
}

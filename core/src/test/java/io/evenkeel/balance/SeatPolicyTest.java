package io.evenkeel.balance;

import static io.evenkeel.balance.BalanceBed.pods;
import static io.evenkeel.balance.BalanceBed.terminating;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.spi.SeatPolicy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class SeatPolicyTest {

    private static BalanceBed bed(int each, int most) {
        BalanceBed bed = new BalanceBed(1);
        bed.rebalancer.resize(SeatPolicy.perEndpoint(each, most));
        return bed;
    }

    @Test
    void weights_are_of_seats_only_where_a_connection_carries_one_piece_of_work() {
        assertThat(SeatPolicy.perEndpoint(1, 32).areSeatsWeighted()).isFalse();
        assertThat(SeatPolicy.budgeted(10).areSeatsWeighted()).isTrue();
        assertThat(SeatPolicy.held(3).areSeatsWeighted()).isTrue();
    }

    @Test
    void a_size_per_endpoint_follows_their_number_up_to_its_most() {
        SeatPolicy size = SeatPolicy.perEndpoint(2, 7);
        assertThat(List.of(size.seats(0), size.seats(1), size.seats(3), size.seats(4), size.seats(100)))
                .containsExactly(2, 2, 6, 7, 7);
        assertThat(SeatPolicy.budgeted(4).seats(100)).isEqualTo(4);
    }

    @Test
    void sizes_out_of_bounds_are_refused() {
        assertThatThrownBy(() -> SeatPolicy.budgeted(0)).hasMessage("seats: 0 (expected: 1 or more)");
        assertThatThrownBy(() -> SeatPolicy.perEndpoint(0, 1)).hasMessage("each: 0 (expected: 1 or more)");
        assertThatThrownBy(() -> SeatPolicy.perEndpoint(3, 2)).hasMessage("most: 2 (expected: at least each, 3)");
    }

    @Test
    void every_endpoint_gets_its_connections_and_one_that_joins_takes_none_from_the_others() {
        BalanceBed bed = bed(2, 100);
        List<Endpoint> pods = pods(3);
        bed.publish(pods);
        bed.passSeconds(1);
        assertThat(bed.connections.openByIdentity())
                .containsOnlyKeys("pg-0", "pg-1", "pg-2")
                .containsValue(2);
        assertThat(bed.connections.total()).isEqualTo(6);

        bed.publish(pods(4));
        bed.passSeconds(1);
        assertThat(bed.connections.total()).isEqualTo(8);
        assertThat(bed.connections.open(pods(4).get(3))).isEqualTo(2);
        bed.passSeconds(60);
        assertThat(bed.events(EvenkeelEvent.ConnectionMoved.class)).isEmpty();
        assertThat(bed.events(EvenkeelEvent.ConnectionRetired.class)).isEmpty();
    }

    @Test
    void one_that_leaves_is_drained_rather_than_shrunk_and_costs_the_others_nothing() {
        BalanceBed bed = bed(1, 100);
        List<Endpoint> pods = new ArrayList<>(pods(4));
        bed.publish(pods);
        bed.passSeconds(1);

        pods.set(2, terminating(pods.get(2)));
        bed.publish(pods);
        bed.passSeconds(30);
        assertThat(bed.connections.total()).isEqualTo(3);
        assertThat(bed.connections.open(pods.get(2))).isZero();
        assertThat(bed.events(EvenkeelEvent.ConnectionRetired.class))
                .singleElement()
                .satisfies(event -> assertThat(event.reason()).isEqualTo("drain"));
    }

    @Test
    void above_its_most_it_reaches_some_of_the_endpoints_only() {
        BalanceBed bed = bed(1, 5);
        bed.publish(pods(20));
        bed.passSeconds(5);
        assertThat(bed.connections.total()).isEqualTo(5);
        assertThat(bed.connections.openByIdentity().values()).allMatch(open -> open <= 1);
    }
}

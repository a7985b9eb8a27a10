package io.evenkeel.jdbc.hikari;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.spi.EndpointSignals;
import io.evenkeel.time.FakeTicker;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class WaitQueueTest {
    static final EndpointSignals SILENT = new EndpointSignals() {
        @Override
        public void opened(EndpointKey endpoint, Duration took) {}

        @Override
        public void closed(EndpointKey endpoint) {}

        @Override
        public void failed(EndpointKey endpoint, Throwable cause) {}

        @Override
        public void succeeded(EndpointKey endpoint) {}
    };

    static Acquirer acquirer() {
        return new Acquirer("orders", new FakeTicker(), MetricsRecorder.none(), 1, () -> "");
    }

    @Test
    void a_new_caller_does_not_pass_those_who_wait() throws Exception {
        WaitQueue queue = new WaitQueue(new FakeTicker());
        Seat seat = Seat.of(
                new Lane(new EndpointKey("pod-1", "127.0.0.1", 5432), acquirer(), SILENT, seats -> seats),
                SeatState.TAKEN);
        WaitQueue.Waiter first = queue.join(false);
        WaitQueue.Waiter second = queue.join(false);
        WaitQueue.Waiter again = queue.join(true);
        assertThat(queue.hand(seat)).isTrue();
        assertThat(queue.await(again, Long.MIN_VALUE)).isSameAs(seat);
        assertThat(queue.hand(seat)).isTrue();
        assertThat(queue.await(first, Long.MIN_VALUE)).isSameAs(seat);
        assertThat(queue.hand(seat)).isTrue();
        assertThat(queue.await(second, Long.MIN_VALUE)).isSameAs(seat);
        assertThat(queue.hand(seat)).isFalse();
        assertThat(queue.isEmpty()).isTrue();
    }
}

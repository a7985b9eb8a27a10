package io.evenkeel.amqp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.spi.EndpointConnections.Load;
import io.evenkeel.spi.EndpointConnections.MoveOutcome;
import io.evenkeel.spi.EndpointConnections.OpenOutcome;
import io.evenkeel.spi.EndpointConnections.RetireReason;
import io.evenkeel.spi.EndpointConnections.Usage;
import io.evenkeel.spi.EndpointSignals;
import io.evenkeel.status.Diagnosed;
import io.evenkeel.time.ManualScheduler;
import io.evenkeel.time.Ticker;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PlacementTest {

    private static final EndpointKey A = FakeCluster.broker("a");
    private static final EndpointKey B = FakeCluster.broker("b");
    private static final Duration LONG = Duration.ofSeconds(30);

    private final FakeCluster cluster = new FakeCluster();
    private final FakeCluster.FakeDialer dialer = (FakeCluster.FakeDialer) cluster.dialer();
    private final List<String> told = new ArrayList<>();
    private final List<String> metrics = new ArrayList<>();
    private final List<OpenOutcome> opens = new ArrayList<>();
    private final List<MoveOutcome> moves = new ArrayList<>();
    private final List<Boolean> waits = new ArrayList<>();
    private final Deque<Runnable> background = new ArrayDeque<>();
    private boolean holdBackground;
    /** What the rebalancer does when a seat is wanted; it opens one at A, as a rule. */
    private Runnable onWanted = () -> openAt(A);

    private final ManualScheduler timers = new ManualScheduler();

    private final Placement placement = new Placement(
            "pool",
            new Signals(),
            task -> {
                if (holdBackground) {
                    background.add(task);
                } else {
                    task.run();
                }
            },
            Ticker.system(),
            timers,
            new Counts(),
            new MetricsRecorder() {
                @Override
                public void acquireWaited(String pool, Duration waited, boolean acquired) {
                    waits.add(acquired);
                }
            },
            () -> ConnectFailuresTest.status(0, null));

    private void openAt(EndpointKey endpoint) {
        placement.open(endpoint, opens::add);
    }

    private void move(RetireReason reason) {
        placement.move(A, B, reason, Duration.ofSeconds(5), moves::add);
    }

    private void runBackground() {
        for (Runnable task = background.poll(); task != null; task = background.poll()) {
            task.run();
        }
    }

    /** Writes down what the rebalancer is told of seats. */
    private final class Signals implements EndpointSignals {
        private int open;

        @Override
        public void opened(EndpointKey endpoint, Duration took) {
            open++;
        }

        @Override
        public void closed(EndpointKey endpoint) {
            open--;
            if (open == 0) {
                told.add("no link is left");
            }
        }

        @Override
        public void refused(EndpointKey endpoint, Throwable cause) {
            told.add("refused " + endpoint.identity());
        }

        @Override
        public void failed(EndpointKey endpoint, Throwable cause) {
            told.add("failed " + endpoint.identity());
        }

        @Override
        public void succeeded(EndpointKey endpoint) {}

        @Override
        public void wanted() {
            told.add("wanted");
            onWanted.run();
        }

        @Override
        public void unwanted() {
            told.add("unwanted");
        }

        @Override
        public void lost(EndpointKey endpoint) {
            told.add("lost " + endpoint.identity());
        }

        @Override
        public void released(EndpointKey endpoint) {
            told.add("released " + endpoint.identity());
        }
    }

    private final class Counts implements AmqpMetrics {
        @Override
        public void moved(String pool, EndpointKey from, EndpointKey to, Duration took) {
            metrics.add("moved");
        }

        @Override
        public void rolledBack(String pool, EndpointKey from, EndpointKey to, String reason) {
            metrics.add("rolledBack");
        }

        @Override
        public void postponed(String pool, EndpointKey from, String reason) {
            metrics.add("postponed");
        }
    }

    @Test
    void what_never_began_is_postponed_and_not_rolled_back() throws Exception {
        VirtualConnection connection = placement.connect(dialer, LONG);
        connection.createChannel().queueDeclare();
        move(RetireReason.DRAIN);
        assertThat(moves).hasOnlyElementsOfType(MoveOutcome.Postponed.class);
        assertThat(metrics).containsExactly("postponed");
        assertThat(placement.rolledBack()).isZero();
    }

    @Test
    void what_began_and_was_taken_back_is_rolled_back() throws Exception {
        VirtualConnection connection = placement.connect(dialer, LONG);
        VirtualChannel channel = (VirtualChannel) connection.createChannel();
        channel.txSelect();
        cluster.queue("q");
        channel.basicPublish("", "q", null, new byte[0]);
        move(RetireReason.REBALANCE);
        assertThat(moves).hasOnlyElementsOfType(MoveOutcome.Postponed.class);
        assertThat(metrics).containsExactly("rolledBack");
        assertThat(placement.rolledBack()).isEqualTo(1);
    }

    @Test
    void callers_are_counted_as_waiting_as_served_and_as_having_waited_in_vain() throws Exception {
        List<Usage> seen = new ArrayList<>();
        List<Load> loads = new ArrayList<>();
        cluster.fault = (broker, operation) -> {
            if (operation.equals("dial")) {
                seen.add(placement.usage());
                loads.add(placement.load(A));
            }
        };
        placement.connect(dialer, LONG);
        assertThat(seen).containsExactly(new Usage(1, 0, 0));
        assertThat(loads).containsExactly(new Load(0, 1, 0, 0));
        assertThat(placement.usage()).isEqualTo(new Usage(0, 1, 0));
        assertThat(placement.load(A)).isEqualTo(new Load(1, 0, 1, 0));

        onWanted = () -> {};
        assertThatThrownBy(() -> placement.connect(dialer, Duration.ZERO)).isInstanceOf(TimeoutException.class);
        assertThat(placement.usage()).isEqualTo(new Usage(0, 1, 1));
        assertThat(waits).containsExactly(true, false);

        cluster.unreachable.add(A);
        onWanted = () -> {
            for (int attempt = 0; attempt < 3; attempt++) {
                openAt(A);
            }
        };
        assertThatThrownBy(() -> placement.connect(dialer, LONG)).hasMessageContaining("connection refused");
        assertThat(placement.usage()).as("a refusal is no time-out").isEqualTo(new Usage(0, 1, 1));
    }

    @Test
    void a_caller_that_gets_no_connection_receives_what_is_wrong_with_the_pool() {
        cluster.unreachable.add(A);
        onWanted = () -> {
            for (int attempt = 0; attempt < 3; attempt++) {
                openAt(A);
            }
        };
        assertThatThrownBy(() -> placement.connect(dialer, LONG))
                .isInstanceOf(IOException.class)
                .hasMessage("connection refused")
                .satisfies(thrown -> assertThat(thrown.getSuppressed())
                        .singleElement()
                        .satisfies(attached ->
                                assertThat(attached).hasMessageStartingWith("Pool orders: newConnection failed: ")));
        onWanted = () -> {};
        assertThatThrownBy(() -> placement.connect(dialer, Duration.ZERO))
                .isInstanceOf(TimeoutException.class)
                .isInstanceOf(Diagnosed.class);
    }

    @Test
    void whoever_gives_up_before_it_is_dialled_for_gives_its_seat_back_once() {
        onWanted = () -> {};
        assertThatThrownBy(() -> placement.connect(dialer, Duration.ZERO)).isInstanceOf(TimeoutException.class);
        openAt(A);
        assertThat(told).containsExactly("wanted", "unwanted");
        assertThat(opens).hasOnlyElementsOfType(OpenOutcome.Withdrawn.class);
        assertThat(cluster.connections).isEmpty();
    }

    @Test
    void whoever_gives_up_while_it_is_dialled_for_leaves_nothing_open() {
        holdBackground = true;
        assertThatThrownBy(() -> placement.connect(dialer, Duration.ZERO)).isInstanceOf(TimeoutException.class);
        runBackground();
        assertThat(told).containsExactly("wanted", "no link is left", "unwanted");
        assertThat(opens).hasSize(1).hasOnlyElementsOfType(OpenOutcome.Withdrawn.class);
        assertThat(placement.connections()).isEmpty();
    }

    @Test
    void whoever_gives_up_while_the_dial_fails_gives_its_seat_back_once() {
        holdBackground = true;
        cluster.unreachable.add(A);
        assertThatThrownBy(() -> placement.connect(dialer, Duration.ZERO)).isInstanceOf(TimeoutException.class);
        runBackground();
        assertThat(told).containsExactly("wanted", "failed a", "unwanted");
        assertThat(opens).hasSize(1).hasOnlyElementsOfType(OpenOutcome.Failed.class);
    }

    @Test
    void whoever_gives_up_as_its_turn_comes_gives_its_seat_back_once() {
        onWanted = () -> {};
        // Between the two steps of giving up, the rebalancer asks for a connection: nobody is left to open one for.
        placement.onClosed(() -> openAt(A));
        assertThatThrownBy(() -> placement.connect(dialer, Duration.ZERO)).isInstanceOf(TimeoutException.class);
        assertThat(opens).hasOnlyElementsOfType(OpenOutcome.Withdrawn.class).hasSize(1);
        assertThat(told).containsExactly("wanted", "unwanted");
    }

    @Test
    void an_interrupted_wait_gives_its_seat_back() {
        onWanted = () -> Thread.currentThread().interrupt();
        assertThatThrownBy(() -> placement.connect(dialer, LONG)).hasMessageContaining("interrupted");
        assertThat(Thread.interrupted()).isTrue();
        assertThat(told).containsExactly("wanted", "unwanted");
    }

    @Test
    void closing_while_a_move_waits_for_its_thread_ends_both() throws Exception {
        VirtualConnection connection = placement.connect(dialer, LONG);
        holdBackground = true;
        move(RetireReason.DRAIN);
        connection.abort();
        runBackground();
        assertThat(moves).hasSize(1).hasOnlyElementsOfType(MoveOutcome.Postponed.class);
        assertThat(metrics).containsExactly("postponed");
        assertThat(told).containsExactly("wanted", "no link is left", "released a");
        assertThat(placement.connections()).isEmpty();
    }

    @Test
    void closing_at_any_step_of_a_move_gives_the_seat_back_once_and_leaves_nothing_open() throws Exception {
        int steps = 0;
        boolean closed = true;
        while (closed) {
            PlacementTest one = new PlacementTest();
            closed = one.closesAtStep(steps, steps % 2 == 0);
            steps++;
        }
        assertThat(steps).as("steps at which it was closed").isGreaterThan(5);
    }

    private boolean closesAtStep(int step, boolean drain) throws Exception {
        VirtualConnection connection = placement.connect(dialer, LONG);
        VirtualChannel channel = (VirtualChannel) connection.createChannel();
        channel.confirmSelect();
        cluster.queue("q");
        channel.basicConsume("q", false, "tag", new com.rabbitmq.client.DefaultConsumer(channel));
        int[] left = {step};
        boolean[] closed = {false};
        cluster.fault = (broker, operation) -> {
            if (!closed[0] && left[0]-- == 0) {
                closed[0] = true;
                connection.abort();
            }
        };
        move(drain ? RetireReason.DRAIN : RetireReason.REBALANCE);
        if (!closed[0]) {
            connection.abort();
        }
        String what = "closed at step " + step + ": " + moves + ", " + cluster.log;
        assertThat(moves).as(what).hasSize(1);
        assertThat(told.stream().filter(event -> event.startsWith("released")))
                .as(what)
                .hasSize(1);
        assertThat(told).as(what).doesNotContain("unwanted", "lost a", "lost b").contains("no link is left");
        assertThat(cluster.connections.stream().filter(com.rabbitmq.client.Connection::isOpen))
                .as(what)
                .isEmpty();
        assertThat(placement.connections()).as(what).isEmpty();
        return closed[0];
    }

    @Test
    void closing_while_it_waits_to_be_recovered_takes_it_off_the_queue() throws Exception {
        VirtualConnection connection = placement.connect(dialer, LONG);
        onWanted = () -> {};
        cluster.open(A).get(0).lose(541, "INTERNAL_ERROR");
        connection.abort();
        openAt(B);
        assertThat(told).endsWith("lost a", "unwanted");
        assertThat(opens).last().isInstanceOf(OpenOutcome.Withdrawn.class);
        assertThat(cluster.open(B)).isEmpty();
    }

    @Test
    void closing_while_it_is_recovered_leaves_nothing_open() throws Exception {
        VirtualConnection connection = placement.connect(dialer, LONG);
        connection.createChannel();
        cluster.open(A).get(0).lose(541, "INTERNAL_ERROR");
        cluster.fault = (broker, operation) -> {
            if (operation.equals("createChannel")) {
                cluster.fault = (any, thing) -> {};
                connection.abort();
            }
        };
        openAt(B);
        assertThat(told).endsWith("lost a", "no link is left", "unwanted");
        assertThat(opens).last().isInstanceOf(OpenOutcome.Withdrawn.class);
        assertThat(cluster.open(B)).isEmpty();
    }

    @Test
    void one_that_cannot_be_recovered_keeps_no_other_waiting_and_is_tried_less_and_less() throws Exception {
        FakeCluster.FakeDialer broken = (FakeCluster.FakeDialer) cluster.dialer();
        VirtualConnection bad = placement.connect(broken, LONG);
        broken.failure = new ApplicationFailure("the socket configurator", new IllegalStateException("of no use"));
        cluster.open(A).get(0).lose(541, "INTERNAL_ERROR");
        openAt(A);
        assertThat(opens).last().isInstanceOf(OpenOutcome.Withdrawn.class);
        assertThat(told).endsWith("lost a", "refused a", "unwanted");

        for (int i = 0; i < 3; i++) {
            assertThat(placement.connect(dialer, LONG).isOpen()).isTrue();
        }
        told.clear();
        timers.advance(Duration.ofMinutes(10));
        assertThat(told.stream().filter("refused a"::equals))
                .as("attempts within 10 min, of 30 s each at last")
                .hasSizeBetween(20, 60);
        assertThat(told).doesNotContain("failed a");

        broken.failure = null;
        timers.advance(Duration.ofMinutes(1));
        assertThat(bad.isOpen()).isTrue();
    }

    @Test
    void closing_one_that_waits_for_its_next_attempt_gives_no_seat_back_twice() throws Exception {
        VirtualConnection connection = placement.connect(dialer, LONG);
        cluster.unreachable.add(A);
        cluster.open(A).get(0).lose(541, "INTERNAL_ERROR");
        openAt(A);
        told.clear();
        connection.abort();
        timers.advance(Duration.ofMinutes(1));
        assertThat(told).isEmpty();
        assertThat(placement.connections()).isEmpty();
    }

    @Test
    void an_error_of_the_application_while_it_is_dialled_fails_that_connection_alone() {
        FakeCluster.FakeDialer broken = (FakeCluster.FakeDialer) cluster.dialer();
        broken.failure = new NoClassDefFoundError("a class of the application");
        assertThatThrownBy(() -> placement.connect(broken, LONG)).isInstanceOf(NoClassDefFoundError.class);
        assertThat(told).containsExactly("wanted", "refused a", "unwanted");
    }

    @Test
    void a_move_that_was_taken_back_is_not_tried_again_before_its_time_unless_the_broker_leaves() throws Exception {
        VirtualConnection connection = placement.connect(dialer, LONG);
        VirtualChannel channel = (VirtualChannel) connection.createChannel();
        cluster.queue("q");
        channel.basicConsume("q", false, "tag", new com.rabbitmq.client.DefaultConsumer(channel));
        cluster.publish("q");
        move(RetireReason.REBALANCE);
        move(RetireReason.REBALANCE);
        assertThat(moves).hasSize(2);
        MoveOutcome.Postponed second = (MoveOutcome.Postponed) moves.get(1);
        assertThat(second.retryAfter()).isBetween(Duration.ofSeconds(25), Duration.ofSeconds(30));
        assertThat(cluster.log.stream().filter("b dial"::equals)).hasSize(1);
        assertThat(placement.connections().get(0).pinned()).contains("not settled");
        channel.basicAck(1, false);
        move(RetireReason.DRAIN);
        assertThat(moves).last().isInstanceOf(MoveOutcome.Moved.class);
    }
}

package io.evenkeel.jdbc.pool;

import static java.util.Objects.requireNonNull;

import java.util.List;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Options;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Every interleaving of a few steps of the seat's word, of the hand-over to waiters, and of closing. A caller that waits for
 * ever is reported as a hang, which is what a lost wake-up would be.
 */
@Tag("slow")
@Timeout(300)
class SeatExchangeLincheckTest {
    /** One seat's word, by all of its verbs: each is one step, whatever the others do. */
    public static class Word {
        private final Seat seat = BarePods.freeSeat(BarePods.pod("pod"));

        @Operation
        public boolean take() {
            return seat.take();
        }

        @Operation
        public boolean free() {
            return seat.free();
        }

        @Operation
        public boolean mark() {
            return seat.mark();
        }

        @Operation
        public boolean keep() {
            return seat.keep();
        }

        @Operation
        public boolean closeTaken() {
            return seat.closeTaken();
        }

        @Operation
        public boolean closed() {
            return seat.closed();
        }

        @Operation
        public boolean check() {
            return seat.startChecking();
        }

        @Operation
        public boolean checked() {
            return seat.checked();
        }

        @Operation
        public boolean retire() {
            return seat.retireFree() || seat.retireMarked();
        }
    }

    /** Callers that take the only seat and put it back, wait for each other, and are refused once it is closed. */
    public static class HandOver {
        private final Pod pod = BarePods.pod("pod");
        private final Seat seat = BarePods.freeSeat(pod);
        private final SeatExchange exchange =
                new SeatExchange(() -> 0, new CoarseClock(() -> {}), 1, HandOver::gone, left -> {});

        public HandOver() {
            pod.add(seat);
            exchange.publish(List.of(pod));
        }

        private static void gone(Seat marked) {
            throw new IllegalStateException("retired: " + marked + " (expected: every mark was taken back)");
        }

        @Operation
        public boolean use() throws InterruptedException {
            Seat taken = exchange.take();
            if (taken == null && !exchange.isClosed()) {
                taken = exchange.await(exchange.join(false), Long.MAX_VALUE);
            }
            if (taken == null) {
                return false;
            }
            exchange.putBack(taken);
            return true;
        }

        @Operation(runOnce = true)
        public void close() {
            exchange.close();
        }
    }

    /**
     * Two seats, callers that wait and callers that give up, and a clock that makes the queue due or not: whoever leaves
     * the queue leaves no seat free that another sleeps for, and takes no second one with it.
     */
    public static class TwoSeats {
        private final Pod pod = BarePods.pod("pod");
        private final CoarseClock clock = new CoarseClock(() -> {});
        private final SeatExchange exchange = new SeatExchange(() -> 0, clock, 1, HandOver::gone, left -> {});

        public TwoSeats() {
            pod.add(BarePods.freeSeat(pod));
            pod.add(BarePods.freeSeat(pod));
            exchange.publish(List.of(pod));
            clock.wake();
        }

        @Operation
        public void use() throws InterruptedException {
            Seat taken = exchange.take();
            if (taken == null) {
                taken = exchange.await(exchange.join(false), Long.MAX_VALUE);
            }
            Seat other = exchange.take();
            exchange.putBack(requireNonNull(taken));
            if (other != null) {
                exchange.putBack(other);
            }
        }

        @Operation
        public void giveUp() throws InterruptedException {
            Seat taken = exchange.await(exchange.join(false), 0);
            if (taken != null) {
                exchange.putBack(taken);
            }
        }

        @Operation(nonParallelGroup = "clock")
        public void tick() {
            clock.tick(true);
            clock.tick(true);
        }

        /** What is left when all have ended. */
        @Validate
        public void allSeatsAreFree() {
            int free = pod.count(SeatWord.FREE);
            if (free != 2 || !exchange.isEmpty()) {
                throw new IllegalStateException(
                        "free: " + free + ", waiting: " + exchange.waiting() + " (expected: 2 free, none waiting)");
            }
        }
    }

    /** As {@link HandOver}, while the Pod is taken out of the routing and put in again. */
    public static class Rerouted {
        private final Pod pod = BarePods.pod("pod");
        private final Seat seat = BarePods.freeSeat(pod);
        private final SeatExchange exchange =
                new SeatExchange(() -> 0, new CoarseClock(() -> {}), 1, HandOver::gone, left -> {});

        public Rerouted() {
            pod.add(seat);
            exchange.publish(List.of(pod));
        }

        @Operation
        public boolean use() throws InterruptedException {
            Seat taken = exchange.take();
            if (taken == null) {
                taken = exchange.await(exchange.join(false), Long.MAX_VALUE);
            }
            if (taken == null) {
                return false;
            }
            exchange.putBack(taken);
            return true;
        }

        @Operation(nonParallelGroup = "control")
        public void reroute() {
            pod.route(false);
            exchange.publish(List.of(pod));
            pod.route(true);
            exchange.publish(List.of(pod));
        }
    }

    @Test
    void the_word_is_one_step_under_the_model_checker() {
        bounded(new ModelCheckingOptions()).check(Word.class);
    }

    @Test
    void the_word_is_one_step_under_stress() {
        // Two threads: they spin until the others have come, so with more of them than processors, one of which
        // may be busy with something else, this took 480 s instead of one.
        bounded(new StressOptions()).threads(2).check(Word.class);
    }

    @Test
    void no_wake_up_is_lost_and_close_refuses() {
        bounded(new ModelCheckingOptions()).check(HandOver.class);
    }

    @Test
    void no_wake_up_and_no_seat_is_lost_between_two_seats() {
        bounded(new ModelCheckingOptions()).iterations(3).check(TwoSeats.class);
    }

    @Test
    void no_wake_up_is_lost_while_the_pod_is_rerouted() {
        bounded(new ModelCheckingOptions()).check(Rerouted.class);
    }

    private static <O extends Options<O, ?>> O bounded(O options) {
        return options.iterations(5)
                .invocationsPerIteration(300)
                .threads(3)
                .actorsPerThread(2)
                .actorsBefore(0)
                .actorsAfter(0);
    }
}

package io.evenkeel.rsocket;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class StateAndCountTest {

    private static boolean enter(StateAndCount word) {
        return StateAndCount.isOpen(word.enter(StateAndCount.AWAITED));
    }

    @Test
    void both_kinds_are_in_flight_and_told_apart() {
        StateAndCount word = new StateAndCount();
        word.open();
        word.enter(StateAndCount.OPEN_ENDED);
        word.enter(StateAndCount.AWAITED);
        assertThat(StateAndCount.awaited(word.enter(StateAndCount.OPEN_ENDED))).isEqualTo(1);
        assertThat(word.inFlight()).isEqualTo(3);
        assertThat(StateAndCount.awaited(word.get())).isEqualTo(1);
        word.drain();
        assertThat(word.exit(StateAndCount.AWAITED)).isFalse();
        assertThat(StateAndCount.awaited(word.get())).isZero();
        assertThat(word.exit(StateAndCount.OPEN_ENDED)).isFalse();
        assertThat(word.exit(StateAndCount.OPEN_ENDED)).as("the last one").isTrue();
        assertThat(word.finish()).isTrue();
    }

    @Test
    void the_table_has_these_transitions_and_no_others() {
        List<String> legal = new ArrayList<>();
        for (ConnectionState from : ConnectionState.values()) {
            Set<ConnectionState> next = EnumSet.noneOf(ConnectionState.class);
            for (ConnectionState to : ConnectionState.values()) {
                if (from.mayBecome(to)) {
                    next.add(to);
                }
            }
            legal.add(from + " " + next);
        }
        assertThat(legal)
                .containsExactly(
                        "CONNECTING [OPEN, CLOSED]", "OPEN [DRAINING, CLOSED]", "DRAINING [OPEN, CLOSED]", "CLOSED []");
    }

    @Test
    void only_an_open_connection_is_entered() {
        StateAndCount word = new StateAndCount();
        assertThat(enter(word)).isFalse();
        assertThat(word.exit(StateAndCount.AWAITED)).isFalse();
        assertThat(word.open()).isTrue();
        assertThat(enter(word)).isTrue();
        assertThat(word.drain()).isTrue();
        assertThat(word.drain()).isFalse();
        assertThat(word.finish()).as("one is in flight").isFalse();
        assertThat(enter(word)).isFalse();
        assertThat(word.exit(StateAndCount.AWAITED))
                .as("the refused one was not the last")
                .isFalse();
        assertThat(word.exit(StateAndCount.AWAITED)).as("this was").isTrue();
        assertThat(word.finish()).isTrue();
        assertThat(word.close()).isEqualTo(ConnectionState.CLOSED);
    }

    @Test
    void closing_keeps_the_count_and_is_done_once() {
        StateAndCount word = new StateAndCount();
        word.open();
        enter(word);
        assertThat(word.close()).isEqualTo(ConnectionState.OPEN);
        assertThat(word.close()).isEqualTo(ConnectionState.CLOSED);
        assertThat(word.inFlight()).isEqualTo(1);
        assertThat(word.keep()).isFalse();
        assertThat(word.exit(StateAndCount.AWAITED)).isFalse();
        assertThat(word.toString()).isEqualTo("CLOSED, 0 in flight");
    }

    /** Whoever was let in is out before the drain finishes, and the drain does finish, by exactly one thread. */
    @Test
    void a_drain_finishes_once_and_with_nobody_inside() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(3);
        try {
            for (int round = 0; round < 2_000; round++) {
                StateAndCount word = new StateAndCount();
                word.open();
                AtomicInteger inside = new AtomicInteger();
                AtomicInteger finished = new AtomicInteger();
                AtomicInteger late = new AtomicInteger();
                CountDownLatch start = new CountDownLatch(1);
                List<Future<?>> all = new ArrayList<>();
                for (int t = 0; t < 2; t++) {
                    all.add(threads.submit(() -> {
                        start.await();
                        for (int i = 0; i < 20; i++) {
                            if (enter(word)) {
                                inside.incrementAndGet();
                                late.addAndGet(finished.get());
                                inside.decrementAndGet();
                            }
                            if (word.exit(StateAndCount.AWAITED) && word.finish()) {
                                finished.incrementAndGet();
                            }
                        }
                        return null;
                    }));
                }
                all.add(threads.submit(() -> {
                    start.await();
                    word.drain();
                    if (word.finish()) {
                        finished.incrementAndGet();
                    }
                    return null;
                }));
                start.countDown();
                for (Future<?> each : all) {
                    each.get(10, TimeUnit.SECONDS);
                }
                assertThat(finished).as("round %s", round).hasValue(1);
                assertThat(late).as("round %s", round).hasValue(0);
                assertThat(word.state()).isEqualTo(ConnectionState.CLOSED);
            }
        } finally {
            threads.shutdownNow();
        }
    }
}

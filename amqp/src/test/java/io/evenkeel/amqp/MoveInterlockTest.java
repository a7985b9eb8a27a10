package io.evenkeel.amqp;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A request that pins a connection, and a move, keep each other waiting. On one thread: what happens meanwhile is a script. */
class MoveInterlockTest {

    private final List<String> events = new ArrayList<>();
    /** What others do while a request waits; one step for each wait, and time passes when there is none left. */
    private final List<Runnable> meanwhile = new ArrayList<>();

    private long waited;
    private int signals;
    private final MoveInterlock interlock = new MoveInterlock(
            () -> events.add("mover woken"),
            lock -> new ScriptedCondition(lock.newCondition(), () -> true, this::waits, () -> signals++));

    private long waits(long nanos) {
        events.add("waits");
        if (meanwhile.isEmpty()) {
            waited += nanos;
            return 0;
        }
        meanwhile.remove(0).run();
        return nanos - 1;
    }

    @AfterEach
    void no_request_waits_without_a_reason() {
        assertThat(Thread.interrupted()).isFalse();
    }

    @Test
    void a_request_runs_at_once_where_nothing_moves_and_no_move_begins_until_it_is_over() {
        interlock.enter("x is exclusive", false);
        interlock.enter("y is exclusive", true);
        assertThat(events).isEmpty();
        assertThat(interlock.veto()).as("nothing to stop").isNull();
        assertThat(interlock.beginMove()).isFalse();
        interlock.exit();
        assertThat(interlock.beginMove()).isFalse();
        interlock.exit();
        assertThat(interlock.beginMove()).isTrue();
        assertThat(interlock.beginMove()).as("one at a time").isFalse();
        interlock.endMove();
        assertThat(interlock.beginMove()).isTrue();
    }

    @Test
    void a_request_within_a_move_asks_for_its_end_once_and_waits_for_it() {
        interlock.beginMove();
        meanwhile.add(interlock::sendersAreBack);
        meanwhile.add(() -> {
            assertThat(interlock.veto()).isEqualTo("x is exclusive");
            interlock.endMove();
        });
        interlock.enter("x is exclusive", false);
        assertThat(events).containsExactly("mover woken", "waits", "waits");
        assertThat(signals).as("who waits is woken for senders and for the end").isEqualTo(2);
        assertThat(interlock.veto()).as("of the next move").isNull();
        assertThat(interlock.beginMove()).as("while it runs").isFalse();
    }

    @Test
    void the_first_reason_counts_and_the_mover_is_woken_for_it_alone() {
        interlock.beginMove();
        meanwhile.add(() -> {
            meanwhile.add(interlock::endMove);
            interlock.enter("second", false);
        });
        interlock.enter("first", false);
        assertThat(events).containsExactly("mover woken", "waits", "waits");
        interlock.exit();
        assertThat(interlock.beginMove()).as("the other still runs").isFalse();
        interlock.exit();
        assertThat(interlock.beginMove()).isTrue();
    }

    @Test
    void a_request_that_only_sends_waits_until_senders_are_back_and_no_longer() {
        interlock.beginMove();
        meanwhile.add(() -> {});
        meanwhile.add(interlock::sendersAreBack);
        meanwhile.add(() -> events.add("too long"));
        interlock.enter("transactions", true);
        assertThat(events).containsExactly("mover woken", "waits", "waits");
        interlock.exit();
        interlock.endMove();
        interlock.beginMove();
        meanwhile.clear();
        meanwhile.add(interlock::endMove);
        interlock.enter("transactions", true);
        assertThat(events).as("of the move before, they are no more").hasSize(5).endsWith("mover woken", "waits");
    }

    @Test
    void no_request_waits_for_ever() {
        interlock.beginMove();
        interlock.enter("x is exclusive", false);
        assertThat(events).containsExactly("mover woken", "waits");
        assertThat(waited).isBetween(TimeUnit.SECONDS.toNanos(1), TimeUnit.MINUTES.toNanos(2));
    }

    @Test
    void a_thread_that_is_interrupted_goes_on_and_stays_interrupted() {
        interlock.beginMove();
        Thread.currentThread().interrupt();
        interlock.enter("x is exclusive", false);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(events).containsExactly("mover woken");
        assertThat(interlock.veto()).isEqualTo("x is exclusive");
    }
}

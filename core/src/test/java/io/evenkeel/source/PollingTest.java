package io.evenkeel.source;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.time.ManualScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class PollingTest {

    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final Duration WAIT = Duration.ofSeconds(1);

    private final ManualScheduler scheduler = new ManualScheduler();
    private final SourceLifecycle life = new SourceLifecycle();
    private final List<String> handled = new ArrayList<>();
    private final List<Runnable> blocked = new ArrayList<>();
    private Executor blocking = Runnable::run;
    private Polling.Reading<String> reading = () -> "ok";
    private RuntimeException thrownByHandler;

    private Polling<String> begin() {
        SourceContext context = new SourceContext(
                scheduler.ticker(),
                scheduler,
                work -> blocking.execute(work),
                new Random(1),
                new SharedResources(),
                Runnable::run);
        Polling<String> polling = new Polling<>(context, life, PATIENCE, () -> reading.read(), new Polling.Handler<>() {
            @Override
            public Duration handle(String result) {
                return note(result);
            }

            @Override
            public Duration failed(Throwable why) {
                return note(why.getClass().getSimpleName());
            }

            @Override
            public void overdue(Duration patience) {
                note("overdue");
            }
        });
        polling.begin();
        scheduler.runDue();
        return polling;
    }

    private Duration note(String what) {
        handled.add(what);
        RuntimeException thrown = thrownByHandler;
        if (thrown != null) {
            throw thrown;
        }
        return WAIT;
    }

    @Test
    void whatever_a_reading_throws_the_next_one_comes() {
        List<Throwable> failures =
                List.of(new IllegalStateException(), new OutOfMemoryError(), new StackOverflowError(), new Error());
        int[] turn = {0};
        reading = () -> {
            Throwable failure = failures.get(turn[0]++ % failures.size());
            if (failure instanceof Error error) {
                throw error;
            }
            throw (Exception) failure;
        };
        begin();
        scheduler.advance(Duration.ofSeconds(3));
        assertThat(handled).containsExactly("IllegalStateException", "OutOfMemoryError", "StackOverflowError", "Error");
    }

    @Test
    void an_executor_that_refuses_or_cannot_start_a_thread_is_a_failure_of_that_reading() {
        List<Throwable> failures = List.of(new RejectedExecutionException(), new OutOfMemoryError("no thread"));
        int[] turn = {0};
        blocking = work -> {
            if (turn[0] < failures.size()) {
                Throwable failure = failures.get(turn[0]++);
                if (failure instanceof Error error) {
                    throw error;
                }
                throw (RuntimeException) failure;
            }
            work.run();
        };
        begin();
        scheduler.advance(Duration.ofSeconds(2));
        assertThat(handled).containsExactly("RejectedExecutionException", "OutOfMemoryError", "ok");
    }

    @Test
    void a_handler_that_throws_stops_nothing() {
        thrownByHandler = new IllegalStateException("handler");
        for (int i = 0; i < 3; i++) {
            try {
                if (i == 0) {
                    begin();
                } else {
                    scheduler.advance(PATIENCE);
                }
            } catch (IllegalStateException expected) {
                assertThat(expected).hasMessage("handler");
            }
        }
        assertThat(handled).hasSizeGreaterThanOrEqualTo(3);
    }

    @Test
    void a_reading_that_hangs_is_overdue_and_never_occupies_more_than_two_threads() {
        blocking = blocked::add;
        Polling<String> polling = begin();
        scheduler.advance(Duration.ofMinutes(1));
        assertThat(blocked).hasSize(2);
        assertThat(handled).hasSize(12).containsOnly("overdue");
        assertThat(polling.readings()).isEqualTo(2);

        handled.clear();
        blocking = Runnable::run;
        blocked.get(1).run();
        blocked.get(0).run();
        scheduler.runDue();
        assertThat(handled)
                .as("the older one is not handled after the newer one")
                .containsExactly("ok");
        scheduler.advance(WAIT);
        assertThat(handled).containsExactly("ok", "ok");
    }

    @Test
    void a_late_reading_that_is_the_newest_to_end_is_handled() {
        blocking = blocked::add;
        begin();
        scheduler.advance(PATIENCE);
        handled.clear();
        blocked.get(0).run();
        scheduler.runDue();
        assertThat(handled).containsExactly("ok");
    }

    @Test
    void after_close_nothing_is_pending() {
        blocking = blocked::add;
        begin();
        life.close();
        blocked.get(0).run();
        scheduler.runDue();
        assertThat(handled).isEmpty();
        assertThat(scheduler.pending()).isEmpty();
    }
}

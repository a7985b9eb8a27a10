package io.evenkeel.time;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class SystemSchedulerTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final SystemScheduler scheduler = new SystemScheduler("evenkeel-test-scheduler");
    private final BlockingQueue<Object> seen = new LinkedBlockingQueue<>();

    @AfterEach
    void close() {
        scheduler.close();
    }

    private Object next() throws InterruptedException {
        return seen.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    @Test
    void tasks_run_on_one_daemon_thread_of_the_given_name() throws InterruptedException {
        scheduler.execute(() -> seen.add(Thread.currentThread()));
        scheduler.schedule(Duration.ofMillis(1), () -> seen.add(Thread.currentThread()));

        Thread first = (Thread) next();
        assertThat(first.getName()).isEqualTo("evenkeel-test-scheduler");
        assertThat(first.isDaemon()).isTrue();
        assertThat(next()).isSameAs(first);
    }

    @Test
    void tasks_of_one_thread_keep_their_order() throws InterruptedException {
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            int number = i;
            scheduler.execute(() -> order.add(number));
        }
        scheduler.execute(() -> seen.add(List.copyOf(order)));

        assertThat((List<?>) next()).hasSize(1000).isSortedAccordingTo((a, b) -> (Integer) a - (Integer) b);
    }

    @Test
    void a_task_that_throws_stops_neither_the_thread_nor_later_tasks() throws InterruptedException {
        scheduler.execute(() -> seen.add(Thread.currentThread()));
        scheduler.execute(() -> {
            throw new AssertionError("on purpose");
        });
        scheduler.execute(() -> seen.add(Thread.currentThread()));

        Object before = next();
        assertThat(next()).isSameAs(before);
    }

    @Test
    void any_throwable_of_a_task_is_survived() throws InterruptedException {
        for (Error error : List.of(new OutOfMemoryError("on purpose"), new StackOverflowError(), new Mute())) {
            scheduler.execute(() -> {
                throw error;
            });
            scheduler.execute(() -> seen.add(error));
            assertThat(next()).isSameAs(error);
        }
    }

    private static final class Mute extends Error {
        private static final long serialVersionUID = 1;

        @Override
        public String toString() {
            throw new IllegalStateException("no text");
        }
    }

    @Test
    void a_thread_that_cannot_be_started_fails_that_call_only() throws InterruptedException {
        AtomicInteger attempts = new AtomicInteger();
        try (SystemScheduler scarce = new SystemScheduler("evenkeel-test-short", work -> {
            if (attempts.incrementAndGet() <= 2) {
                throw new OutOfMemoryError("unable to create native thread");
            }
            return new Thread(work);
        })) {
            for (int i = 0; i < 2; i++) {
                assertThatThrownBy(() -> scarce.execute(() -> seen.add("lost"))).isInstanceOf(OutOfMemoryError.class);
            }
            scarce.execute(() -> seen.add("runs"));
            assertThat(next()).isEqualTo("runs");
            assertThat(seen).isEmpty();
        }
    }

    @Test
    void a_task_taken_back_does_not_run() throws InterruptedException {
        CountDownLatch hold = new CountDownLatch(1);
        scheduler.execute(() -> awaitUninterrupted(hold));
        Scheduler.Cancellable task = scheduler.schedule(Duration.ZERO, () -> seen.add("taken back"));
        task.cancel();
        task.cancel();
        scheduler.execute(() -> seen.add("after"));
        hold.countDown();

        assertThat(next()).isEqualTo("after");
    }

    @Test
    void close_drops_what_has_not_begun_and_lets_the_running_task_finish() throws InterruptedException {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch hold = new CountDownLatch(1);
        scheduler.execute(() -> {
            begun.countDown();
            awaitUninterrupted(hold);
            seen.add(Thread.currentThread().isInterrupted() ? "interrupted" : "finished");
        });
        scheduler.execute(() -> seen.add("dropped"));
        assertThat(begun.await(20, TimeUnit.SECONDS)).isTrue();

        scheduler.close();
        assertThat(scheduler.awaitEnd(Duration.ZERO)).isFalse();
        hold.countDown();

        assertThat(scheduler.awaitEnd(PATIENCE)).isTrue();
        assertThat(seen).containsExactly("finished");
    }

    @Test
    void after_close_tasks_are_dropped_silently() {
        scheduler.execute(() -> {});
        scheduler.close();
        scheduler.close();
        assertThat(scheduler.awaitEnd(PATIENCE)).isTrue();

        scheduler.execute(() -> seen.add("never"));
        scheduler.schedule(Duration.ofSeconds(1), () -> seen.add("never")).cancel();
        assertThat(seen).isEmpty();
    }

    @Test
    void the_end_of_a_scheduler_that_never_ran_anything_needs_no_waiting() {
        scheduler.close();
        assertThat(scheduler.awaitEnd(PATIENCE)).isTrue();
    }

    @Test
    void awaiting_the_end_on_its_own_thread_returns_at_once() throws InterruptedException {
        scheduler.execute(() -> {
            scheduler.close();
            seen.add(scheduler.awaitEnd(Duration.ofDays(1)));
        });

        assertThat(next()).isEqualTo(false);
        assertThat(scheduler.awaitEnd(PATIENCE)).isTrue();
    }

    @Test
    void a_delay_without_end_is_accepted() throws InterruptedException {
        scheduler.schedule(Duration.ofSeconds(Long.MAX_VALUE), () -> seen.add("never"));
        scheduler.schedule(Duration.ofSeconds(Long.MIN_VALUE), () -> seen.add("now"));
        assertThat(next()).isEqualTo("now");
    }

    @Test
    void a_blank_thread_name_is_refused() {
        assertThatThrownBy(() -> new SystemScheduler(" "))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("threadName: \" \" (expected: not blank)");
    }

    private static void awaitUninterrupted(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError("interrupted (expected: a closing scheduler interrupts nobody)", e);
        }
    }
}

package io.evenkeel.jdbc.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
class IoThreadsTest {

    /** What a thread factory, or a full thread table, does to the one that asks for a thread. */
    enum Refusal {
        EXCEPTION(() -> new IllegalStateException("no thread")),
        OUT_OF_MEMORY(() -> new OutOfMemoryError("unable to create native thread")),
        NONE(() -> null);

        private final Supplier<@Nullable Throwable> thrown;

        Refusal(Supplier<@Nullable Throwable> thrown) {
            this.thrown = thrown;
        }
    }

    @ParameterizedTest
    @EnumSource(Refusal.class)
    void a_task_that_finds_no_thread_runs_when_there_is_one_again(Refusal refusal) throws Exception {
        AtomicInteger made = new AtomicInteger();
        ThreadFactory factory = task -> {
            // The first is the housekeeper.
            int number = made.incrementAndGet();
            if (number == 2 || number == 3) {
                Throwable failure = refusal.thrown.get();
                if (failure instanceof RuntimeException e) {
                    throw e;
                }
                if (failure instanceof Error e) {
                    throw e;
                }
                return null;
            }
            Thread thread = new Thread(task);
            thread.setDaemon(true);
            return thread;
        };
        IoThreads threads = new IoThreads("orders", factory);
        threads.repeat(() -> {}, 1_000);
        CountDownLatch ran = new CountDownLatch(1);
        try {
            assertThat(threads.execute(ran::countDown)).isTrue();
            assertThat(ran.await(30, TimeUnit.SECONDS)).isTrue();
        } finally {
            threads.close(Duration.ofSeconds(5));
        }
        assertThat(threads.execute(() -> {})).isFalse();
    }
}

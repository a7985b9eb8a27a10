package io.evenkeel.amqp;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class WriteGateTest {

    private static final long PATIENCE = TimeUnit.SECONDS.toNanos(20);

    private final AtomicBoolean passes = new AtomicBoolean();
    private final WriteGate gate = new WriteGate(passes::get);

    @Test
    void whoever_comes_while_it_is_closed_waits_until_it_is_open() throws InterruptedException {
        assertThat(gate.close(0)).isTrue();
        CountDownLatch in = new CountDownLatch(1);
        Thread thread = new Thread(() -> {
            gate.enter();
            in.countDown();
            gate.exit();
        });
        thread.start();
        while (thread.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
        assertThat(in.getCount()).isEqualTo(1);
        gate.open();
        assertThat(in.await(20, TimeUnit.SECONDS)).isTrue();
        thread.join();
        assertThat(gate.close(0)).isTrue();
    }

    @Test
    void closing_waits_for_those_inside_and_gives_up_in_time() throws InterruptedException {
        gate.enter();
        assertThat(gate.close(1)).isFalse();
        gate.open();
        Thread leaver = new Thread(gate::exit);
        leaver.start();
        assertThat(gate.close(PATIENCE)).isTrue();
        leaver.join();
    }

    @Test
    void a_reader_thread_passes_unless_it_is_sealed() throws InterruptedException {
        passes.set(true);
        assertThat(gate.close(0)).isTrue();
        gate.enter();
        assertThat(gate.seal(1)).as("sealed while somebody is inside").isFalse();
        gate.exit();
        assertThat(gate.seal(0)).isTrue();
        CountDownLatch in = new CountDownLatch(1);
        Thread thread = new Thread(() -> {
            gate.enter();
            in.countDown();
        });
        thread.start();
        while (thread.getState() != Thread.State.WAITING) {
            Thread.onSpinWait();
        }
        gate.open();
        assertThat(in.await(20, TimeUnit.SECONDS)).isTrue();
    }

    @Test
    void nobody_is_inside_while_a_switch_is_made() throws InterruptedException {
        AtomicLong inside = new AtomicLong();
        AtomicBoolean stop = new AtomicBoolean();
        Thread[] threads = new Thread[3];
        for (int i = 0; i < threads.length; i++) {
            threads[i] = new Thread(() -> {
                while (!stop.get()) {
                    gate.enter();
                    inside.incrementAndGet();
                    inside.decrementAndGet();
                    gate.exit();
                }
            });
            threads[i].start();
        }
        long seen = 0;
        for (int i = 0; i < 2000; i++) {
            assertThat(gate.close(PATIENCE)).isTrue();
            seen += inside.get();
            gate.open();
        }
        stop.set(true);
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(seen).as("inside while it was closed").isZero();
    }
}

package io.evenkeel.amqp;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.condition.JRE;

/**
 * Whoever waits in our code gives its carrier back: more virtual threads wait than there can ever be carriers (256 by
 * default), and another still gets to run.
 */
@EnabledForJreRange(min = JRE.JAVA_21, disabledReason = "virtual threads are there from Java 21")
@Timeout(60)
class VirtualThreadsTest {

    private static final int MANY = 1_000;

    private static void start(Runnable task) throws ReflectiveOperationException {
        Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, task);
    }

    private static void assertOthersRun() throws Exception {
        CountDownLatch ran = new CountDownLatch(1);
        start(ran::countDown);
        assertThat(ran.await(20, TimeUnit.SECONDS))
                .as("another virtual thread runs")
                .isTrue();
    }

    @Test
    void publishers_that_wait_at_a_closed_gate_hold_no_carrier() throws Exception {
        WriteGate gate = new WriteGate(() -> false);
        assertThat(gate.close(1)).isTrue();
        CountDownLatch arrived = new CountDownLatch(MANY);
        CountDownLatch through = new CountDownLatch(MANY);
        for (int i = 0; i < MANY; i++) {
            start(() -> {
                arrived.countDown();
                gate.enter();
                through.countDown();
                gate.exit();
            });
        }
        assertThat(arrived.await(20, TimeUnit.SECONDS))
                .as("all got to the gate")
                .isTrue();
        assertOthersRun();
        assertThat(through.getCount()).isEqualTo(MANY);
        gate.open();
        assertThat(through.await(20, TimeUnit.SECONDS)).as("all passed it").isTrue();
    }

    @Test
    void who_waits_for_confirms_holds_no_carrier() throws Exception {
        ChangeSignal activity = new ChangeSignal();
        AtomicBoolean so = new AtomicBoolean();
        CountDownLatch arrived = new CountDownLatch(MANY);
        CountDownLatch done = new CountDownLatch(MANY);
        for (int i = 0; i < MANY; i++) {
            start(() -> {
                arrived.countDown();
                try {
                    if (activity.await(so::get, TimeUnit.SECONDS.toNanos(30))) {
                        done.countDown();
                    }
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
        }
        assertThat(arrived.await(20, TimeUnit.SECONDS)).as("all wait").isTrue();
        assertOthersRun();
        so.set(true);
        activity.changed();
        assertThat(done.await(20, TimeUnit.SECONDS)).as("all were told").isTrue();
    }
}

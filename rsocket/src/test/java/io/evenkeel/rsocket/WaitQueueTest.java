package io.evenkeel.rsocket;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.rsocket.NoEndpointException.Reason;
import io.evenkeel.time.ManualScheduler;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class WaitQueueTest {

    private static final Duration TIMEOUT = Duration.ofSeconds(10);

    private final ManualScheduler scheduler = new ManualScheduler();
    private final List<Runnable> tasks = new ArrayList<>();
    private final List<String> log = new ArrayList<>();
    private final MetricsRecorder broken = new MetricsRecorder() {
        @Override
        public void acquireWaited(String pool, Duration waited, boolean acquired) {
            throw new IllegalStateException("the recorder's");
        }
    };
    private final WaitQueue queue = new WaitQueue(
            "orders",
            scheduler.ticker(),
            scheduler,
            tasks::add,
            TIMEOUT,
            10_000,
            broken,
            () -> new NoEndpointException(Reason.NONE_KNOWN, "none", null));
    private int connections;

    private final class Fake implements Waiting {
        private final String name;
        private Runnable leave = () -> {};
        private boolean done;

        Fake(int number) {
            name = Integer.toString(number);
            queue.add(this);
        }

        void cancel() {
            done = true;
            leave.run();
        }

        @Override
        public Placement place() {
            if (done) {
                return Placement.GONE;
            }
            if (connections == 0) {
                return Placement.NONE;
            }
            connections--;
            return Placement.PLACED;
        }

        @Override
        public void start() {
            done = true;
            log.add("started " + name);
            throw new IllegalStateException("the application's");
        }

        @Override
        public void refuse(Throwable error) {
            done = true;
            log.add("refused " + name);
            throw new IllegalStateException("the application's");
        }

        @Override
        public boolean isDone() {
            return done;
        }

        @Override
        public void queued(Runnable its) {
            leave = its;
        }
    }

    private List<Fake> waiting(int count) {
        return IntStream.range(0, count).mapToObj(Fake::new).toList();
    }

    private void runTasks() {
        while (!tasks.isEmpty()) {
            tasks.remove(0).run();
        }
    }

    @Test
    void connections_go_to_the_first_and_the_rest_waits_in_order() {
        waiting(5);
        connections = 2;
        queue.dispatch();
        runTasks();
        assertThat(log).containsExactly("started 0", "started 1");
        connections = 9;
        queue.dispatch();
        runTasks();
        assertThat(log).endsWith("started 2", "started 3", "started 4");
        assertThat(queue.size()).isZero();
    }

    @Test
    void one_that_is_cancelled_leaves_from_any_place() {
        List<Fake> all = waiting(5);
        all.get(2).cancel();
        all.get(0).cancel();
        all.get(4).cancel();
        all.get(4).cancel();
        assertThat(queue.size()).isEqualTo(2);
        connections = 9;
        queue.dispatch();
        runTasks();
        assertThat(log).containsExactly("started 1", "started 3");
    }

    @Test
    void each_expires_at_its_own_time_by_a_task_of_its_own_whatever_the_others_throw() {
        waiting(2);
        scheduler.advance(Duration.ofSeconds(4));
        waiting(1);
        scheduler.advance(Duration.ofSeconds(6));
        assertThat(log).as("nothing of the application's on the control thread").isEmpty();
        runTasks();
        assertThat(log).containsExactly("refused 0", "refused 1");
        scheduler.advance(Duration.ofSeconds(4));
        runTasks();
        assertThat(log).containsExactly("refused 0", "refused 1", "refused 0");
        waiting(1);
        scheduler.advance(TIMEOUT);
        runTasks();
        assertThat(log).hasSize(4);
    }

    @Test
    void a_timer_that_passes_while_one_is_tried_in_vain_is_set_again() {
        List<Fake> all = waiting(2);
        queue.dispatch();
        scheduler.advance(Duration.ofSeconds(9));
        runTasks();
        assertThat(log).isEmpty();
        all.get(0).cancel();
        scheduler.advance(Duration.ofSeconds(1));
        runTasks();
        assertThat(log).containsExactly("refused 1");
    }
}

package io.evenkeel.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.balance.InMemoryConnections;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.endpoint.EndpointKey;
import io.evenkeel.endpoint.InvalidTargetException;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.source.EndpointSource;
import io.evenkeel.source.SourceContext;
import io.evenkeel.spi.SeatPolicy;
import io.evenkeel.status.PoolStatus;
import io.evenkeel.time.ManualScheduler;
import io.evenkeel.watch.EndpointWatchers;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.management.ObjectName;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class BalancedPoolTest {
    private static final String TARGET = "static:///10.0.0.1:5432,10.0.0.2:5432";

    private final ManualScheduler scheduler = new ManualScheduler();
    private final List<String> calls = new ArrayList<>();
    private final TwoPods source = new TwoPods();
    private final EndpointWatchers watchers = new EndpointWatchers(
            new SourceContext(scheduler.ticker(), scheduler, Runnable::run, new Random(7)),
            (target, context) -> source);

    private final class TwoPods implements EndpointSource {
        @Nullable
        Observer observer;

        private long requests;

        @Override
        public void start(Observer toTell) {
            observer = toTell;
            answer();
        }

        void answer() {
            requests++;
            Objects.requireNonNull(observer)
                    .on(new Endpoints(List.of(Endpoint.of("10.0.0.1", 5432), Endpoint.of("10.0.0.2", 5432))));
        }

        @Override
        public long requests() {
            return requests;
        }

        @Override
        public void close() {
            calls.add("source closed");
        }
    }

    private static PoolConfig config(int seats, boolean jmx) {
        return PoolSettings.create()
                .name("orders")
                .target(TARGET)
                .clientId("client")
                .jmx(jmx)
                .toConfig(SeatPolicy.budgeted(seats));
    }

    private BalancedPool pool(PoolConfig config) {
        return BalancedPool.create(config, scheduler.ticker(), scheduler, 7, watchers);
    }

    @Test
    void it_fills_its_seats_evenly_and_shows_so() {
        BalancedPool pool = pool(config(4, false));
        pool.start(new InMemoryConnections(scheduler, pool.signals()));
        scheduler.advance(Duration.ofSeconds(5));
        PoolStatus status = pool.status();
        assertThat(status.endpoints())
                .hasSize(2)
                .allSatisfy(endpoint -> assertThat(endpoint.seats()).isEqualTo(2));
        pool.resize(2);
        scheduler.advance(Duration.ofSeconds(5));
        assertThat(pool.status().endpoints())
                .allSatisfy(endpoint -> assertThat(endpoint.seats()).isEqualTo(1));
        pool.close();
        assertThat(pool.status().closed()).isTrue();
    }

    @Test
    void the_age_and_the_requests_of_a_source_follow_answers_that_change_nothing() {
        BalancedPool pool = pool(config(4, false));
        pool.start(new InMemoryConnections(scheduler, pool.signals()));
        scheduler.advance(Duration.ofMinutes(5));
        assertThat(pool.status().source().age()).isEqualTo(Duration.ofMinutes(5));
        source.answer();
        scheduler.advance(Duration.ofSeconds(1));
        assertThat(pool.status().source().age()).isEqualTo(Duration.ofSeconds(1));
        assertThat(pool.status().source().requests()).isEqualTo(2);
        pool.close();
    }

    @Test
    void what_must_end_first_ends_before_the_adapter_is_asked_for_anything() {
        BalancedPool pool = BalancedPool.create(config(1, false));
        try {
            pool.start(new RecordingConnections(calls), () -> calls.add("replaced pool closed"));
        } finally {
            pool.close();
        }
        assertThat(calls).startsWith("replaced pool closed");
    }

    @Test
    @Timeout(60)
    void it_works_and_closes_on_its_own_threads_while_a_listener_never_returns() throws InterruptedException {
        CountDownLatch opened = new CountDownLatch(2);
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch released = new CountDownLatch(1);
        BalancedPool pool = BalancedPool.create(PoolSettings.create()
                .name("orders")
                .target(TARGET)
                .clientId("client")
                .jmx(false)
                .listener(event -> {
                    entered.countDown();
                    awaitQuietly(released);
                })
                .toConfig(SeatPolicy.budgeted(2)));
        pool.start(new RecordingConnections(new CopyOnWriteArrayList<>()) {
            @Override
            public void open(EndpointKey endpoint, Consumer<OpenOutcome> done) {
                super.open(endpoint, done);
                opened.countDown();
            }
        });
        entered.await();
        opened.await();
        pool.close();
        assertThat(pool.status().closed()).isTrue();
        assertThat(Thread.getAllStackTraces().keySet())
                .extracting(Thread::getName)
                .doesNotContain("evenkeel-orders-control");
        released.countDown();
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void a_closed_pool_asks_its_adapter_for_nothing_and_watches_nothing() {
        BalancedPool pool = pool(config(1, false));
        InMemoryConnections connections = new InMemoryConnections(scheduler, pool.signals());
        pool.start(connections);
        scheduler.advance(Duration.ofSeconds(5));
        pool.close();
        connections.stopped();
        pool.resize(9);
        scheduler.advance(Duration.ofSeconds(60));
        assertThat(calls).containsExactly("source closed");
        pool.close();
    }

    @Test
    void a_recorder_has_its_status_from_start_to_close() {
        List<Supplier<PoolStatus>> started = new ArrayList<>();
        List<Supplier<PoolStatus>> closed = new ArrayList<>();
        MetricsRecorder recorder = new MetricsRecorder() {
            @Override
            public void poolStarted(String pool, Supplier<PoolStatus> status) {
                started.add(status);
                throw new IllegalStateException("a recorder that throws");
            }

            @Override
            public void poolClosed(String pool, Supplier<PoolStatus> status) {
                closed.add(status);
            }
        };
        BalancedPool pool = pool(PoolSettings.create()
                .name("orders")
                .target(TARGET)
                .jmx(false)
                .metrics(recorder)
                .toConfig(SeatPolicy.budgeted(3)));
        pool.start(new InMemoryConnections(scheduler, pool.signals()));
        assertThat(started).hasSize(1);
        assertThat(started.get(0).get().seats()).isEqualTo(3);
        assertThat(closed).isEmpty();
        pool.close();
        pool.close();
        assertThat(closed).isEqualTo(started);
        assertThat(closed.get(0).get().closed()).isTrue();
    }

    @Test
    void a_target_that_its_source_refuses_closes_it_again() {
        PoolConfig config =
                PoolSettings.create().target("static:///no-port").jmx(false).toConfig(SeatPolicy.budgeted(1));
        BalancedPool pool = BalancedPool.create(config);
        assertThatThrownBy(() -> pool.start(new RecordingConnections(calls)))
                .isInstanceOf(InvalidTargetException.class)
                .hasMessageContaining("no-port");
        assertThat(pool.status().closed()).isTrue();
        assertThat(calls).isEmpty();
    }

    @Test
    void it_is_started_once() {
        BalancedPool pool = pool(config(1, false));
        InMemoryConnections connections = new InMemoryConnections(scheduler, pool.signals());
        pool.start(connections);
        assertThatIllegalStateException()
                .isThrownBy(() -> pool.start(connections))
                .withMessageContaining("STARTED");
        pool.close();
        assertThatIllegalStateException()
                .isThrownBy(() -> pool.start(connections))
                .withMessageContaining("CLOSED");
    }

    @Test
    void it_is_seen_over_jmx_while_it_lives() throws Exception {
        ObjectName name = new ObjectName("io.evenkeel:type=Pool,name=\"orders\"");
        BalancedPool pool = pool(config(1, true));
        pool.start(new InMemoryConnections(scheduler, pool.signals()));
        assertThat(ManagementFactory.getPlatformMBeanServer().isRegistered(name))
                .isTrue();
        pool.close();
        assertThat(ManagementFactory.getPlatformMBeanServer().isRegistered(name))
                .isFalse();
    }
}

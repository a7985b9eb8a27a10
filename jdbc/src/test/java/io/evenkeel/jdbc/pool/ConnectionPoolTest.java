package io.evenkeel.jdbc.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.spi.EndpointConnections.OpenOutcome;
import io.evenkeel.spi.EndpointConnections.RetireOutcome;
import io.evenkeel.spi.EndpointConnections.RetireReason;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(value = 90, unit = TimeUnit.SECONDS)
@ParameterizedClass
@EnumSource(Engine.class)
class ConnectionPoolTest {
    @Parameter
    Engine engine;

    private static final Duration LONG = Duration.ofSeconds(10);

    @Test
    void open_connects_tells_so_and_only_then_completes() {
        try (Fixture fixture = engine.fixture(2, 2, LONG)) {
            fixture.pod(1, 1).settled(1);
            assertThat(fixture.signals).containsExactly("opened pod-1");
            assertThat(fixture.server(1).open).hasValue(1);
            assertThat(fixture.pool.load(Fixture.key(1)).open()).isEqualTo(1);
        }
    }

    @Test
    void a_failed_open_adds_no_seat() {
        try (Fixture fixture = engine.fixture(2, 2, LONG)) {
            fixture.pod(1, 1).settled(1);
            fixture.server(1).refusing = true;
            assertThat(fixture.open(1)).isInstanceOf(OpenOutcome.Failed.class);
            assertThat(fixture.signals).containsExactly("opened pod-1", "failed pod-1");
            fixture.settled(1);
        }
    }

    @Test
    void retiring_an_idle_connection_closes_it_tells_so_and_only_then_completes() {
        try (Fixture fixture = engine.fixture(2, 2, LONG)) {
            fixture.pod(1, 2).settled(2);
            fixture.signals.clear();
            Fixture.await(fixture.retire(1, RetireReason.REBALANCE));
            assertThat(fixture.signals).containsExactly("closed pod-1", "retired pod-1");
            assertThat(fixture.server(1).open).hasValue(1);
            fixture.settled(1);
        }
    }

    @Test
    void retiring_one_in_use_waits_for_its_user_and_keep_takes_it_back() throws Exception {
        try (Fixture fixture = engine.fixture(1, 1, LONG)) {
            fixture.pod(1, 1).settled(1);
            Connection used = fixture.acquire();
            CompletableFuture<RetireOutcome> first = fixture.retire(1, RetireReason.DRAIN);
            assertThat(first).isNotDone();
            assertThat(fixture.pool.load(Fixture.key(1)).draining()).isEqualTo(1);
            fixture.pool.keep(Fixture.key(1));
            assertThat(Fixture.await(first)).isInstanceOf(RetireOutcome.Kept.class);
            CompletableFuture<RetireOutcome> second = fixture.retire(1, RetireReason.DRAIN);
            assertThat(second).isNotDone();
            assertThat(fixture.server(1).open).hasValue(1);
            used.close();
            assertThat(Fixture.await(second)).isInstanceOf(RetireOutcome.Retired.class);
            assertThat(fixture.server(1).open).hasValue(0);
            fixture.pool.keep(Fixture.key(1));
            assertThat(Fixture.await(fixture.retire(1, RetireReason.DRAIN))).isInstanceOf(RetireOutcome.Kept.class);
        }
    }

    @Test
    void retiring_many_at_once_at_one_pod_completes_each() throws Exception {
        for (int round = 0; round < 10; round++) {
            try (Fixture fixture = engine.fixture(8, 8, LONG)) {
                fixture.pod(1, 8).settled(8);
                Connection used = fixture.acquire();
                List<CompletableFuture<RetireOutcome>> all = new ArrayList<>();
                for (int i = 0; i < 8; i++) {
                    all.add(fixture.retire(1, RetireReason.RESIZE));
                }
                used.close();
                for (CompletableFuture<RetireOutcome> each : all) {
                    Fixture.until(each::isDone, fixture.pool::toString);
                    assertThat(each.join()).isInstanceOf(RetireOutcome.Retired.class);
                }
                assertThat(fixture.server(1).open).as("round %s", round).hasValue(0);
            }
        }
    }

    @Test
    void age_takes_the_oldest_of_the_idle_ones() {
        try (Fixture fixture = engine.fixture(4, 4, LONG)) {
            fixture.pod(1, 4).settled(4);
            for (int gone = 1; gone <= 3; gone++) {
                Fixture.await(fixture.retire(1, RetireReason.AGE));
                List<Integer> open = fixture.server(1).connections.stream()
                        .filter(connection -> !connection.isClosed.get())
                        .map(connection -> connection.number)
                        .toList();
                assertThat(Collections.min(open)).as("after %s of 4", gone).isEqualTo(gone + 1);
                fixture.settled(4 - gone);
            }
        }
    }

    @Test
    void minimum_idle_0_connects_when_somebody_waits_and_never_above_the_seats() throws Exception {
        try (Fixture fixture = engine.fixture(4, 0, LONG)) {
            fixture.pod(1, 2).pod(2, 2);
            assertThat(fixture.total).hasValue(0);
            List<Connection> held = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                held.add(fixture.acquire());
            }
            assertThat(fixture.total).hasValue(4);
            CompletableFuture<Connection> fifth = AcquireTest.later(fixture);
            Fixture.until(() -> fixture.waiting() == 1);
            held.remove(0).close();
            held.add(Fixture.await(fifth));
            for (Connection connection : held) {
                connection.close();
            }
            assertThat(fixture.highest).hasValue(4);
        }
    }

    @Test
    void with_minimum_idle_0_a_pod_that_refuses_is_passed_over_within_the_deadline() throws Exception {
        try (Fixture fixture = engine.fixture(4, 0, LONG)) {
            fixture.pod(1, 2).pod(2, 2);
            fixture.server(1).refusing = true;
            try (Connection one = fixture.acquire();
                    Connection other = fixture.acquire()) {
                assertThat(one.unwrap(StubServer.Marked.class).stub())
                        .isNotSameAs(other.unwrap(StubServer.Marked.class).stub());
            }
            assertThat(fixture.server(2).open).hasValue(2);
        }
    }

    @Test
    void an_idle_connection_that_is_dead_costs_one_validation_and_another_pod_serves() throws Exception {
        try (Fixture fixture = engine.fixture(2, 2, LONG)) {
            fixture.pod(1, 1).pod(2, 1).settled(2);
            fixture.server(1).invalid = true;
            fixture.server(1).refusing = true;
            // HikariCP validates what was idle for more than half a second.
            CountDownLatch never = new CountDownLatch(1);
            assertThat(never.await(700, TimeUnit.MILLISECONDS)).isFalse();
            for (int i = 0; i < 20; i++) {
                try (Connection connection = fixture.acquire()) {
                    assertThat(Fixture.podOf(connection)).isEqualTo("pod-2");
                }
            }
        }
    }

    @Test
    void a_broken_connection_blames_the_pod_and_its_idle_ones_are_tested_before_anybody_gets_them() throws Exception {
        try (Fixture fixture = engine.fixture(4, 4, LONG)) {
            fixture.pod(1, 4).settled(4);
            fixture.signals.clear();
            // What was used a moment ago is handed out without a test.
            fixture.acquire().close();
            fixture.server(1).connections.forEach(connection -> connection.broken = true);
            int failed = 0;
            for (int i = 0; i < 20; i++) {
                try (Connection connection = fixture.acquire();
                        Statement statement = connection.createStatement()) {
                    statement.execute("select 1");
                } catch (SQLException e) {
                    failed++;
                }
            }
            assertThat(failed).isEqualTo(1);
            // Their replacements are dialled in the background, and reported once they can be had.
            fixture.settled(4);
            Fixture.until(() -> fixture.signals.contains("opened pod-1"), fixture.signals::toString);
            assertThat(fixture.signals).contains("failed pod-1", "closed pod-1", "opened pod-1", "succeeded pod-1");
        }
    }

    @Test
    void an_error_in_the_users_sql_blames_nobody() throws Exception {
        try (Fixture fixture = engine.fixture(1, 1, LONG)) {
            fixture.pod(1, 1).settled(1);
            try (Connection connection = fixture.acquire();
                    Statement statement = connection.createStatement()) {
                assertThatThrownBy(() -> statement.execute("wrong")).hasMessageContaining("syntax");
            }
            fixture.settled(1);
            assertThat(fixture.signals).containsExactly("opened pod-1");
        }
    }

    @Test
    void a_probe_keeps_to_the_budget_and_tells_how_it_is() {
        try (Fixture fixture = engine.fixture(2, 2, Duration.ofSeconds(2))) {
            fixture.pod(1, 2).settled(2);
            fixture.unroute(1);
            assertThat(probe(fixture)).isInstanceOf(OpenOutcome.Opened.class);
            fixture.server(1).invalid = true;
            fixture.server(1).refusing = true;
            assertThat(probe(fixture)).isInstanceOf(OpenOutcome.Failed.class);
            fixture.server(1).invalid = false;
            fixture.server(1).refusing = false;
            Fixture.until(() -> probe(fixture) instanceof OpenOutcome.Opened);
            assertThat(fixture.highest.get()).isLessThanOrEqualTo(2);
        }
    }

    private static OpenOutcome probe(Fixture fixture) {
        CompletableFuture<OpenOutcome> done = new CompletableFuture<>();
        fixture.pool.probe(Fixture.key(1), done::complete);
        return Fixture.await(done);
    }

    @Test
    void leaving_closes_the_idle_ones_and_leaves_those_in_use_to_their_users() throws Exception {
        try (Fixture fixture = engine.fixture(2, 2, LONG)) {
            fixture.pod(1, 2).settled(2);
            Connection used = fixture.acquire();
            fixture.pool.leave(Fixture.key(1));
            Fixture.until(() -> fixture.total.get() == 1);
            StubServer.use(used, () -> {});
            used.close();
            Fixture.until(() -> fixture.total.get() == 0);
            assertThat(fixture.complaints()).isEmpty();
        }
    }

    @Test
    void close_refuses_waiters_at_once_and_waits_for_users() throws Exception {
        Fixture fixture = engine.fixture(1, 1, LONG);
        fixture.pod(1, 1).settled(1);
        Connection used = fixture.acquire();
        CompletableFuture<Connection> waiter = AcquireTest.later(fixture);
        Fixture.until(() -> fixture.waiting() == 1);
        CompletableFuture<Boolean> closing = CompletableFuture.supplyAsync(() -> fixture.pool.close(LONG));
        assertThatThrownBy(() -> waiter.get(5, TimeUnit.SECONDS))
                .hasMessageContaining("Pool orders: the pool is closed; ask for connections before close()");
        assertThatThrownBy(fixture::acquire).isInstanceOf(SQLException.class).hasMessageContaining("closed");
        assertThat(closing).isNotDone();
        used.close();
        assertThat(closing.get(10, TimeUnit.SECONDS)).isTrue();
        assertThat(fixture.total).hasValue(0);
        Fixture.until(() -> ourThreads().isEmpty(), () -> ourThreads().toString());
    }

    @Test
    void close_aborts_what_is_in_use_at_the_deadline() throws Exception {
        Fixture fixture = engine.fixture(1, 1, LONG);
        fixture.pod(1, 1).settled(1);
        Connection used = fixture.acquire();
        assertThat(fixture.pool.close(Duration.ofMillis(50))).isFalse();
        assertThat(fixture.total).hasValue(0);
        used.close();
        Fixture.until(() -> ourThreads().isEmpty(), () -> ourThreads().toString());
    }

    private static List<String> ourThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .map(Thread::getName)
                .filter(name -> name.startsWith("evenkeel-orders-") || name.startsWith("orders-"))
                .toList();
    }
}

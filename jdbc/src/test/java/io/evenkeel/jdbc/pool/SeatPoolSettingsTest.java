package io.evenkeel.jdbc.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.spi.EndpointConnections.OpenOutcome;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** HikariCP's settings that act over time. */
@Timeout(60)
class SeatPoolSettingsTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Engine ENGINE = Engine.SEATS;

    @Test
    void a_password_that_is_refused_while_the_pool_fills_leaves_what_is_connected_at_work_and_blames_no_pod()
            throws Exception {
        SQLException refusal = new SQLException("password authentication failed for user app", "28P01");
        try (Fixture fixture = ENGINE.fixture(3, 3, LONG)) {
            fixture.pod(1, 1).settled(1);
            fixture.server(1).dialFailure = refusal;
            assertThat(fixture.open(1)).isEqualTo(new OpenOutcome.Refused(refusal));
            for (int i = 0; i < 20; i++) {
                fixture.acquire().close();
            }
            try (Connection held = fixture.acquire()) {
                assertThatThrownBy(() -> fixture.pool.acquire(TimeUnit.MILLISECONDS.toNanos(200)))
                        .isInstanceOf(SQLTransientConnectionException.class)
                        .hasMessageContaining("password authentication failed")
                        .hasCause(refusal);
                assertThat(held.isClosed()).isFalse();
            }
            assertThat(fixture.signals).doesNotContain("failed pod-1", "closed pod-1");
            fixture.server(1).dialFailure = null;
            assertThat(fixture.open(1)).isInstanceOf(OpenOutcome.Opened.class);
            fixture.settled(2);
        }
    }

    @Test
    void an_idle_connection_is_asked_every_keepalive_time_and_replaced_if_it_does_not_answer() throws Exception {
        try (Fixture fixture = ENGINE.fixture(2, 2, LONG, config -> {
            config.setKeepaliveTime(100);
            config.setConnectionTestQuery("select 1");
        })) {
            fixture.pod(1, 2).settled(2);
            StubServer server = fixture.server(1);
            // Each is asked once when it is set up.
            Fixture.until(() -> server.statements.size() >= 6);
            StubServer.StubConnection dead = server.connections.element();
            dead.broken = true;
            Fixture.until(dead.isClosed::get);
            fixture.settled(2);
            assertThat(server.dialled).hasValue(3);
        }
    }

    @Test
    void a_leak_threshold_that_is_set_live_counts_for_the_next_acquire() throws Exception {
        try (Fixture fixture = ENGINE.fixture(1, 1, LONG)) {
            fixture.pod(1, 1).settled(1);
            fixture.acquire().close();
            fixture.template.setLeakDetectionThreshold(1);
            fixture.pool.configure(HikariSettings.of(fixture.template, 1));
            PrintStream before = System.err;
            ByteArrayOutputStream log = new ByteArrayOutputStream();
            System.setErr(new PrintStream(log, true, StandardCharsets.UTF_8));
            try {
                try (Connection lost = fixture.acquire()) {
                    Fixture.until(() -> log.toString(StandardCharsets.UTF_8)
                            .contains("Pool orders: connection leak detection triggered for " + lost));
                }
                assertThat(log.toString(StandardCharsets.UTF_8))
                        .contains("a_leak_threshold_that_is_set_live_counts_for_the_next_acquire", "(unleaked)");
            } finally {
                System.setErr(before);
            }
        }
    }

    @Test
    void the_idle_connections_of_a_pod_from_which_nothing_comes_back_are_asked_and_go_if_they_do_not_answer()
            throws Exception {
        CountDownLatch thaw = new CountDownLatch(1);
        try (Fixture fixture = ENGINE.fixture(3, 3, LONG, config -> config.setConnectionTestQuery("select 1"))) {
            fixture.pod(1, 3).settled(3);
            fixture.server(1).slow = thaw;
            CompletableFuture<Void> user = CompletableFuture.runAsync(() -> {
                try {
                    execute(fixture, 1);
                } catch (SQLException e) {
                    throw new AssertionError(e);
                }
            });
            Fixture.until(() -> fixture.pool.counts().active() == 1
                    && fixture.server(1).closed.get() == 2);
            assertThat(fixture.signals).contains("failed pod-1");
            assertThat(user).isNotDone();
            thaw.countDown();
            Fixture.await(user);
        }
    }

    /** One that begins with one Pod, as every thread does whose pool has just started. */
    @Test
    void a_threads_statements_reach_a_pod_that_joins_later() throws Exception {
        try (Fixture fixture = ENGINE.fixture(4, 4, LONG)) {
            fixture.pod(1, 2).settled(2);
            execute(fixture, 50);
            assertThat(fixture.server(1).statements).hasSize(50);
            fixture.pod(2, 2).settled(4);
            execute(fixture, 300);
            assertThat(fixture.server(2).statements.size())
                    .as("of 300 statements after a second Pod joined, those at it")
                    .isBetween(135, 165);
        }
    }

    private static void execute(Fixture fixture, int times) throws SQLException {
        for (int i = 0; i < times; i++) {
            try (Connection connection = fixture.acquire();
                    var statement = connection.createStatement()) {
                statement.execute("select 1");
            }
        }
    }
}

package io.evenkeel.jdbc.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenkeel.spi.EndpointConnections.OpenOutcome;
import io.evenkeel.spi.EndpointConnections.RetireOutcome;
import io.evenkeel.spi.EndpointConnections.RetireReason;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLRecoverableException;
import java.sql.SQLTransientConnectionException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What the engine does that a HikariCP pool per Pod does not. */
@Timeout(60)
class SeatPoolTest {
    private static final Duration LONG = Duration.ofSeconds(20);
    private static final Engine ENGINE = Engine.SEATS;

    // --- choice of Pod ---

    @Test
    void three_hundred_acquires_one_after_another_are_even_also_after_a_start_with_one_pod() throws Exception {
        try (Fixture fixture = ENGINE.fixture(9, 9, LONG)) {
            fixture.pod(1, 3).settled(3);
            for (int i = 0; i < 50; i++) {
                fixture.acquire().close();
            }
            fixture.pod(2, 3).pod(3, 3).settled(9);
            Map<String, Integer> shares = new TreeMap<>();
            for (int i = 0; i < 300; i++) {
                try (Connection connection = fixture.acquire()) {
                    shares.merge(Fixture.podOf(connection), 1, Integer::sum);
                }
            }
            assertEven(shares, 300);
        }
    }

    @RepeatedTest(20)
    void three_hundred_acquires_by_ten_threads_are_even() throws Exception {
        try (Fixture fixture = ENGINE.fixture(12, 12, LONG)) {
            fixture.pod(1, 4).pod(2, 4).pod(3, 4).settled(12);
            Map<String, Integer> shares = new ConcurrentHashMap<>();
            List<Thread> callers = new ArrayList<>();
            // One at a time: a thread that loses its processor in between makes its Pod busier, and rightly so.
            ReentrantLock inTurn = new ReentrantLock(true);
            for (int t = 0; t < 10; t++) {
                callers.add(new Thread(() -> {
                    for (int i = 0; i < 30; i++) {
                        inTurn.lock();
                        try {
                            acquire(fixture, 1, shares);
                        } finally {
                            inTurn.unlock();
                        }
                    }
                }));
            }
            callers.forEach(Thread::start);
            for (Thread caller : callers) {
                caller.join();
            }
            assertEven(shares, 300);
        }
    }

    private static void acquire(Fixture fixture, int times, Map<String, Integer> shares) {
        for (int i = 0; i < times; i++) {
            try (Connection connection = fixture.acquire()) {
                shares.merge(Fixture.podOf(connection), 1, Integer::sum);
            } catch (SQLException e) {
                throw new AssertionError(e);
            }
        }
    }

    private static void assertEven(Map<String, Integer> shares, int all) {
        assertThat(shares).hasSize(3);
        shares.forEach((pod, count) ->
                assertThat(count).as("%s of %s", pod, shares).isBetween(all / 3 - all / 20, all / 3 + all / 20));
    }

    @Test
    void a_pod_with_more_seats_than_rounding_explains_gets_more() throws Exception {
        try (Fixture fixture = ENGINE.fixture(6, 6, LONG)) {
            fixture.pod(1, 2).pod(2, 4).settled(6);
            Map<String, Integer> turns = new TreeMap<>();
            acquire(fixture, 120, turns);
            assertThat(turns).containsEntry("pod-1", 40).containsEntry("pod-2", 80);
            Map<String, Integer> shares = new TreeMap<>();
            acquire(fixture, 300, shares);
            // In a burst each turn is a few acquires in a row.
            assertThat(shares.get("pod-1")).isBetween(100 - Slots.Hints.STAY, 100 + Slots.Hints.STAY);
            assertThat(shares.get("pod-2")).isEqualTo(300 - shares.get("pod-1"));
        }
    }

    // --- dials ---

    @Test
    void a_connection_is_handed_out_only_after_its_set_up_has_ended() throws Exception {
        try (Fixture fixture = ENGINE.fixture(1, 0, LONG, config -> config.setConnectionInitSql("set up"))) {
            fixture.pod(1, 1);
            CountDownLatch latch = new CountDownLatch(1);
            fixture.server(1).slow = latch;
            CompletableFuture<Connection> caller = AcquireTest.later(fixture);
            Fixture.until(() -> fixture.server(1).statements.contains("set up"));
            assertThat(fixture.pool.load(Fixture.key(1)).connecting()).isEqualTo(1);
            assertThat(caller).isNotDone();
            fixture.server(1).slow = null;
            latch.countDown();
            Fixture.await(caller).close();
        }
    }

    @Test
    void callers_are_served_by_the_others_while_a_pod_does_not_answer() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        Fixture fixture = ENGINE.fixture(6, 0, LONG);
        fixture.pod(1, 2).pod(2, 2).pod(3, 2);
        fixture.server(1).frozen = never;
        List<Connection> held = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Connection connection = fixture.acquire();
            held.add(connection);
            assertThat(Fixture.podOf(connection)).isNotEqualTo("pod-1");
        }
        for (Connection connection : held) {
            connection.close();
        }
        assertThat(fixture.server(1).open).hasValue(0);
        assertThat(fixture.highest.get()).isLessThanOrEqualTo(6);
        // The dial still hangs, and is not waited for.
        assertThat(fixture.pool.close(Duration.ofMillis(100))).isTrue();
        never.countDown();
        Fixture.until(() -> fixture.total.get() == 0);
    }

    @Test
    void a_dial_that_fails_with_an_error_is_a_failed_dial_like_any_other() throws Exception {
        try (Fixture fixture = ENGINE.fixture(2, 2, LONG)) {
            fixture.pod(1, 1);
            fixture.server(1).dialFailure = new OutOfMemoryError("once");
            assertThat(fixture.open(1)).isNotInstanceOf(OpenOutcome.Opened.class);
            fixture.server(1).dialFailure = null;
            assertThat(fixture.open(1)).isInstanceOf(OpenOutcome.Opened.class);
        }
    }

    @Test
    void a_refused_password_does_not_blame_the_pod_and_is_the_cause_that_callers_get() throws Exception {
        try (Fixture fixture = ENGINE.fixture(1, 0, Duration.ofMillis(300))) {
            fixture.pod(1, 1);
            fixture.server(1).dialFailure = new SQLException("password authentication failed", "28P01");
            assertThatThrownBy(() -> fixture.pool.acquire(300_000_000))
                    .isInstanceOf(SQLTransientConnectionException.class)
                    .hasMessageContaining("password authentication failed")
                    .hasRootCauseMessage("password authentication failed")
                    .extracting(e -> ((SQLException) e).getSQLState())
                    .isEqualTo("28P01");
            assertThat(fixture.signals).doesNotContain("failed pod-1");
        }
    }

    @Test
    void a_function_that_throws_for_one_pod_leaves_the_others_alone_and_is_tried_again() throws Exception {
        try (Fixture fixture = ENGINE.fixture(2, 2, LONG)) {
            fixture.makesNoDataSource.add(Fixture.key(1));
            fixture.pod(1, 0).pod(2, 1).settled(1);
            assertThat(fixture.open(1)).isInstanceOf(OpenOutcome.Refused.class);
            assertThat(fixture.signals).doesNotContain("failed pod-1");
            assertThat(fixture.pool.lastFailure()).hasMessageContaining("no data source");
            fixture.acquire().close();
            fixture.makesNoDataSource.clear();
            assertThat(fixture.open(1)).isInstanceOf(OpenOutcome.Opened.class);
            fixture.settled(2);
        }
    }

    // --- time limits an acquire, not a number of Pods ---

    @Test
    void with_most_pods_dead_one_caller_at_a_time_is_served() throws Exception {
        try (Fixture fixture = ENGINE.fixture(18, 18, LONG)) {
            for (int pod = 1; pod <= 9; pod++) {
                fixture.pod(pod, 2);
            }
            fixture.settled(18);
            for (int pod = 1; pod <= 6; pod++) {
                fixture.server(pod).invalid = true;
                fixture.server(pod).refusing = true;
            }
            for (int i = 0; i < 20; i++) {
                try (Connection connection = fixture.acquire()) {
                    assertThat(Fixture.podOf(connection)).isIn("pod-7", "pod-8", "pod-9");
                }
            }
        }
    }

    // --- age ---

    @Test
    void age_renews_a_connection_and_never_a_seat_without_one() throws Exception {
        try (Fixture fixture = ENGINE.fixture(4, 0, LONG)) {
            fixture.pod(1, 4);
            assertThat(Fixture.await(fixture.retire(1, RetireReason.AGE))).isInstanceOf(RetireOutcome.Kept.class);
            fixture.acquire().close();
            assertThat(Fixture.await(fixture.retire(1, RetireReason.AGE))).isInstanceOf(RetireOutcome.Retired.class);
            assertThat(fixture.total).hasValue(0);
            assertThat(Fixture.await(fixture.retire(1, RetireReason.AGE))).isInstanceOf(RetireOutcome.Kept.class);
        }
    }

    @Test
    void age_marks_the_oldest_where_all_are_in_use() throws Exception {
        try (Fixture fixture = ENGINE.fixture(1, 1, LONG)) {
            fixture.pod(1, 1).settled(1);
            Connection used = fixture.acquire();
            CompletableFuture<RetireOutcome> old = fixture.retire(1, RetireReason.AGE);
            assertThat(old).isNotDone();
            used.close();
            assertThat(Fixture.await(old)).isInstanceOf(RetireOutcome.Retired.class);
        }
    }

    // --- what a user leaves behind ---

    @Test
    void a_connection_whose_reset_fails_is_evicted() throws Exception {
        try (Fixture fixture = ENGINE.fixture(1, 1, LONG)) {
            fixture.pod(1, 1).settled(1);
            Connection poisoned = fixture.acquire();
            int number = poisoned.unwrap(StubServer.Marked.class).stub().number;
            poisoned.setReadOnly(true);
            fixture.server(1).resetFailure = new SQLException("cannot change it now", "25001");
            assertThatThrownBy(poisoned::close).hasMessageContaining("cannot change it now");
            fixture.server(1).resetFailure = null;
            try (Connection next = fixture.acquire()) {
                assertThat(next.unwrap(StubServer.Marked.class).stub().number).isNotEqualTo(number);
                assertThat(next.isReadOnly()).isFalse();
            }
        }
    }

    @Test
    void state_statements_and_an_open_transaction_do_not_reach_the_next_user() throws Exception {
        try (Fixture fixture = ENGINE.fixture(1, 1, LONG, config -> config.setSchema("shop"))) {
            fixture.pod(1, 1).settled(1);
            StubServer.StubConnection stub;
            try (Connection connection = fixture.acquire()) {
                stub = connection.unwrap(StubServer.Marked.class).stub();
                connection.setAutoCommit(false);
                connection.setReadOnly(true);
                connection.setSchema("other");
                connection.createStatement().execute("select 1");
                connection.createStatement();
            }
            assertThat(stub.autoCommit).isTrue();
            assertThat(stub.readOnly).isFalse();
            assertThat(stub.schema).isEqualTo("shop");
            assertThat(stub.rollbacks).hasValue(1);
            assertThat(stub.openStatements).hasValue(0);
        }
    }

    @Test
    void what_was_committed_is_not_rolled_back_once_more() throws Exception {
        try (Fixture fixture = ENGINE.fixture(1, 1, LONG, config -> config.setAutoCommit(false))) {
            fixture.pod(1, 1).settled(1);
            StubServer.StubConnection stub;
            try (Connection connection = fixture.acquire()) {
                stub = connection.unwrap(StubServer.Marked.class).stub();
                try (Statement statement = connection.createStatement()) {
                    statement.execute("insert");
                }
                connection.commit();
            }
            assertThat(stub.rollbacks).hasValue(0);
            assertThat(stub.autoCommit).isFalse();
        }
    }

    @Test
    void a_statement_that_is_closed_after_its_connection_does_not_touch_the_next_user() throws Exception {
        try (Fixture fixture = ENGINE.fixture(1, 1, LONG)) {
            fixture.pod(1, 1).settled(1);
            Connection first = fixture.acquire();
            Statement late = first.createStatement();
            first.close();
            try (Connection second = fixture.acquire();
                    Statement statement = second.createStatement()) {
                late.close();
                assertThat(second.unwrap(StubServer.Marked.class).stub().openStatements)
                        .hasValue(1);
                assertThat(statement.isClosed()).isFalse();
            }
        }
    }

    // --- connections that break ---

    static List<Arguments> failures() {
        return List.of(
                Arguments.of(new SQLRecoverableException("No more data to read from socket")),
                Arguments.of(new SQLException("MySQL server has gone away", "HY000", 2006)),
                Arguments.of(new SQLException("I/O error", "HY000", 0, new IOException("Broken pipe"))),
                Arguments.of(new SQLException("terminating connection", "57P01")),
                Arguments.of(new SQLException("something went wrong, without a word on what")));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void a_broken_connection_fails_once_and_is_not_handed_out_again(SQLException failure) throws Exception {
        try (Fixture fixture = ENGINE.fixture(1, 1, LONG)) {
            fixture.pod(1, 1).settled(1);
            int broken;
            try (Connection connection = fixture.acquire();
                    Statement statement = connection.createStatement()) {
                StubServer.StubConnection stub =
                        connection.unwrap(StubServer.Marked.class).stub();
                broken = stub.number;
                stub.broken = true;
                fixture.server(1).statementFailure = failure;
                assertThatThrownBy(() -> statement.execute("select 1")).isSameAs(failure);
            }
            fixture.server(1).statementFailure = null;
            try (Connection connection = fixture.acquire()) {
                assertThat(connection.unwrap(StubServer.Marked.class).stub().number)
                        .isNotEqualTo(broken);
            }
        }
    }

    @Test
    void after_an_abort_the_next_caller_is_served() throws Exception {
        try (Fixture fixture = ENGINE.fixture(1, 1, LONG)) {
            fixture.pod(1, 1).settled(1);
            fixture.acquire().abort(Runnable::run);
            fixture.acquire().close();
            assertThat(fixture.signals).doesNotContain("failed pod-1");
            assertThat(fixture.server(1).dialled).hasValue(2);
        }
    }

    @Test
    void a_lost_connection_is_replaced_without_a_caller() throws Exception {
        try (Fixture fixture = ENGINE.fixture(2, 2, LONG)) {
            fixture.pod(1, 2).settled(2);
            fixture.acquire().abort(Runnable::run);
            fixture.settled(2);
            assertThat(fixture.highest.get()).isLessThanOrEqualTo(2);
        }
    }

    // --- settings that change ---

    @Test
    void a_shorter_idle_timeout_counts_for_the_connections_that_are_there() throws Exception {
        try (Fixture fixture = ENGINE.fixture(4, 0, LONG)) {
            fixture.pod(1, 4);
            List<Connection> all = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                all.add(fixture.acquire());
            }
            for (Connection connection : all) {
                connection.close();
            }
            fixture.template.setIdleTimeout(10_000);
            fixture.pool.configure(withIdleTimeout(HikariSettings.of(fixture.template, 0), 1));
            Fixture.until(() -> fixture.total.get() == 0);
            fixture.acquire().close();
        }
    }

    /** HikariCP allows none below 10 s. */
    private static HikariSettings withIdleTimeout(HikariSettings of, long millis) {
        return new HikariSettings(
                of.name(),
                of.budget(),
                of.surge(),
                of.minimumIdle(),
                of.connectionTimeout(),
                of.validationTimeout(),
                millis,
                of.keepaliveTime(),
                of.leakDetectionThreshold(),
                of.autoCommit(),
                of.readOnly(),
                of.isolation(),
                of.catalog(),
                of.schema(),
                of.initSql(),
                of.testQuery(),
                of.isolateInternalQueries());
    }

    @Test
    void close_ends_all_pods_at_once_though_every_dial_hangs() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        Fixture fixture = ENGINE.fixture(8, 0, LONG);
        List<CompletableFuture<Connection>> callers = new ArrayList<>();
        for (int pod = 1; pod <= 4; pod++) {
            fixture.pod(pod, 2);
            fixture.server(pod).frozen = never;
        }
        for (int i = 0; i < 8; i++) {
            callers.add(AcquireTest.later(fixture));
        }
        Fixture.until(() -> fixture.waiting() == 8);
        fixture.pool.close(Duration.ofMillis(200));
        for (CompletableFuture<Connection> caller : callers) {
            Fixture.until(caller::isCompletedExceptionally);
        }
        never.countDown();
        Fixture.until(() -> fixture.total.get() == 0);
    }
}

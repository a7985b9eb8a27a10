package io.evenkeel.jdbc.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
@ParameterizedClass
@EnumSource(Engine.class)
class AcquireTest {
    @Parameter
    Engine engine;

    @Test
    void waiters_are_served_in_the_order_in_which_they_came() throws Exception {
        try (Fixture fixture = engine.fixture(1, 1, Duration.ofSeconds(10))) {
            fixture.pod(1, 1).settled(1);
            List<Integer> order = new CopyOnWriteArrayList<>();
            List<Thread> callers = new ArrayList<>();
            Connection held = fixture.acquire();
            for (int i = 0; i < 10; i++) {
                callers.add(caller(fixture, i, order));
                int waiting = i + 1;
                Fixture.until(() -> fixture.waiting() == waiting);
            }
            held.close();
            for (Thread caller : callers) {
                caller.join();
            }
            assertThat(order).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
        }
    }

    @Test
    void a_seat_that_is_added_or_routed_again_serves_who_waits() throws Exception {
        try (Fixture fixture = engine.fixture(3, 3, Duration.ofSeconds(10))) {
            fixture.pod(1, 1).settled(1);
            Connection held = fixture.acquire();
            CompletableFuture<Connection> first = later(fixture);
            Fixture.until(() -> fixture.waiting() == 1);
            fixture.pod(2, 1);
            Connection second = Fixture.await(first);
            fixture.unroute(1);
            held.close();
            CompletableFuture<Connection> next = later(fixture);
            Fixture.until(() -> fixture.waiting() == 1);
            fixture.route(Fixture.key(1));
            Fixture.await(next).close();
            second.close();
        }
    }

    @Test
    void one_thread_is_spread_evenly_over_the_pods() throws Exception {
        try (Fixture fixture = engine.fixture(8, 8, Duration.ofSeconds(10))) {
            fixture.pod(1, 2).pod(2, 2).pod(3, 2).pod(4, 2).settled(8);
            Map<String, Integer> shares = new HashMap<>();
            int rounds = 40_000;
            for (int i = 0; i < rounds; i++) {
                try (Connection connection = fixture.acquire()) {
                    shares.merge(Fixture.podOf(connection), 1, Integer::sum);
                }
            }
            assertThat(shares).hasSize(4);
            shares.forEach((pod, count) -> assertThat((double) count / rounds)
                    .as("share of %s of %s", pod, shares)
                    .isBetween(0.22, 0.28));
        }
    }

    @Test
    void a_pod_whose_connections_are_out_longer_gets_less() throws Exception {
        try (Fixture fixture = engine.fixture(8, 8, Duration.ofSeconds(10))) {
            fixture.pod(1, 4).pod(2, 4).settled(8);
            List<Connection> slow = new ArrayList<>();
            List<Connection> others = new ArrayList<>();
            while (slow.size() < 3) {
                Connection connection = fixture.acquire();
                (Fixture.podOf(connection).equals("pod-1") ? slow : others).add(connection);
            }
            for (Connection connection : others) {
                connection.close();
            }
            int toSlow = 0;
            for (int i = 0; i < 10_000; i++) {
                try (Connection connection = fixture.acquire()) {
                    toSlow += Fixture.podOf(connection).equals("pod-1") ? 1 : 0;
                }
            }
            // It wins only where both draws are its own: about a quarter, and what a thread keeps in between.
            assertThat(toSlow).isLessThan(3_500);
            for (Connection connection : slow) {
                connection.close();
            }
        }
    }

    @Test
    void the_refusal_names_the_pool_the_counts_per_pod_and_what_to_change() throws Exception {
        try (Fixture fixture = engine.fixture(3, 3, Duration.ofMillis(300))) {
            fixture.pod(1, 2).pod(2, 1).settled(3);
            fixture.unroute(2);
            try (Connection one = fixture.acquire();
                    Connection other = fixture.acquire()) {
                assertThat(one).isNotSameAs(other);
                assertThatThrownBy(() -> fixture.pool.acquire(20_000_000))
                        .isInstanceOf(SQLTransientConnectionException.class)
                        .hasMessageContaining("orders: no connection within")
                        .hasMessageContaining("2 of 3 connections in use at 2 endpoints")
                        .hasMessageContaining("pod-1@127.0.0.1:5432: 2 seats, 2 open, 2 in use, 0 idle")
                        .hasMessageContaining("pod-2@127.0.0.2:5432: 1 seats, 1 open, 0 in use, 1 idle, left out")
                        .hasMessageContaining("raise maximumPoolSize (3) or connectionTimeout (300 ms)");
            }
            assertThat(fixture.waiting()).isZero();
        }
    }

    @Test
    void an_interrupted_waiter_leaves_the_queue() throws Exception {
        try (Fixture fixture = engine.fixture(1, 1, Duration.ofSeconds(10))) {
            fixture.pod(1, 1).settled(1);
            Connection held = fixture.acquire();
            CompletableFuture<Throwable> failure = new CompletableFuture<>();
            Thread caller = new Thread(() -> {
                try {
                    fixture.acquire().close();
                } catch (SQLException e) {
                    failure.complete(Thread.interrupted() ? e : new AssertionError("interrupt lost", e));
                }
            });
            caller.start();
            Fixture.until(() -> fixture.waiting() == 1);
            caller.interrupt();
            assertThat(Fixture.await(failure)).hasMessageContaining("interrupted");
            assertThat(fixture.waiting()).isZero();
            held.close();
            fixture.acquire().close();
        }
    }

    private static Thread caller(Fixture fixture, int number, List<Integer> order) {
        Thread caller = new Thread(() -> {
            try (Connection connection = fixture.acquire()) {
                assertThat(connection).isNotNull();
                order.add(number);
            } catch (SQLException e) {
                order.add(-1);
            }
        });
        caller.start();
        return caller;
    }

    static CompletableFuture<Connection> later(Fixture fixture) {
        CompletableFuture<Connection> result = new CompletableFuture<>();
        new Thread(() -> {
                    try {
                        result.complete(fixture.acquire());
                    } catch (SQLException e) {
                        result.completeExceptionally(e);
                    }
                })
                .start();
        return result;
    }
}

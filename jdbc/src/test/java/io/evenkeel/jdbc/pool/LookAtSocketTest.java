package io.evenkeel.jdbc.pool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.jdbc.driver.DriverConnection;
import io.evenkeel.jdbc.driver.Liveness;
import io.evenkeel.jdbc.handle.FaultClassifier;
import io.evenkeel.time.Ticker;
import java.sql.Connection;
import java.sql.SQLTransientConnectionException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A connection whose server has gone is found by a look at its socket, however late the timers are. */
@Timeout(60)
class LookAtSocketTest {

    /** The clock never ticks here, so all that was used looks as if it had been used just now. */
    @Test
    void a_dead_connection_is_not_handed_out_although_it_was_returned_in_this_very_tick() throws Exception {
        StubServer server = new StubServer("pod-1");
        DataSource dataSource = server.dataSource();
        PoolParts parts = parts(dataSource);
        AtomicReference<Liveness> socket = new AtomicReference<>(Liveness.ALIVE);
        CoarseClock clock = new CoarseClock(() -> {});
        SeatExchange exchange = new SeatExchange(parts.ticker(), clock, parts.seed(), seat -> {}, pod -> {});
        HikariConfig config = new HikariConfig();
        config.setPoolName("looking");
        config.setMaximumPoolSize(1);
        PodRegistry registry = new PodRegistry(HikariSettings.of(config, 0), exchange);
        Acquisition acquisition = acquisition(registry, exchange, clock, parts);

        Pod pod = new Pod(Endpoint.of("pod-1", "127.0.0.1", 5432), parts.signals(), 0);
        Seat seat = Seat.with(pod, session(dataSource.getConnection(), socket), clock.stamp());
        pod.add(seat);
        seat.dialled();
        pod.route(true);
        registry.add(pod);
        registry.publish();

        acquisition.acquire(TimeUnit.SECONDS.toNanos(20)).close();
        server.refusing = true;
        socket.set(Liveness.DEAD);
        assertThat(seat.usedAt).isEqualTo(clock.now());
        assertThatThrownBy(() -> acquisition.acquire(TimeUnit.MILLISECONDS.toNanos(100)))
                .isInstanceOf(SQLTransientConnectionException.class);
    }

    private static Session session(Connection connection, AtomicReference<Liveness> socket) {
        Session.Baseline baseline = new Session.Baseline(
                true, false, Connection.TRANSACTION_READ_COMMITTED, Session.Baseline.UNSUPPORTED, null, null);
        return new Session(new DriverConnection(connection, socket::get), baseline, 0);
    }

    /** As {@link SeatPool} puts it together. */
    private static Acquisition acquisition(
            PodRegistry registry, SeatExchange exchange, CoarseClock clock, PoolParts parts) {
        PoolThreads io = new WithoutTimers();
        Ticker ticker = parts.ticker();
        ConnectionCloser closer = new ConnectionCloser(registry, io, parts.signals(), () -> {});
        ConnectionTest test = new ConnectionTest(registry, exchange, closer, io, parts.signals(), ticker);
        Dialler dialler = new Dialler(parts.drivers(), parts.credentials(), registry::settings, ticker);
        Supply supply = new Supply(registry, exchange, clock, dialler, test, io, parts);
        Upkeep upkeep = new Upkeep(registry, io, supply, test, closer, ticker, parts.seed());
        Returns returns = new Returns("looking", exchange, clock, closer, upkeep, parts.classifier());
        return new Acquisition(registry, exchange, clock, returns, supply, io, parts);
    }

    private static PoolParts parts(DataSource dataSource) {
        return new PoolParts(
                endpoint -> dataSource,
                HikariAccess.credentials(new HikariConfig()),
                new SilentSignals(),
                MetricsRecorder.none(),
                new Observers("looking", Ticker.system()),
                FaultClassifier.STANDARD,
                null,
                Ticker.system(),
                7);
    }

    private static final class WithoutTimers implements PoolThreads {
        @Override
        public boolean execute(Runnable task) {
            Thread thread = new Thread(task, "looking");
            thread.setDaemon(true);
            thread.start();
            return true;
        }

        @Override
        public Cancellable schedule(Runnable task, long delayMillis) {
            return () -> true;
        }

        @Override
        public Cancellable repeat(Runnable task, long periodMillis) {
            return () -> true;
        }

        @Override
        public boolean close(Duration patience) {
            return true;
        }
    }
}

package io.evenkeel.jdbc.pool;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.endpoint.Endpoint;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.jdbc.handle.FaultClassifier;
import io.evenkeel.jdbc.hikari.JdbcConnections;
import io.evenkeel.spi.EndpointSignals;
import io.evenkeel.time.Ticker;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.function.Function;
import javax.sql.DataSource;

/** What holds the connections; the same must be true of each. */
enum Engine {
    SEATS {
        @Override
        ConnectionPool pool(HikariConfig template, Function<Endpoint, DataSource> drivers, EndpointSignals signals) {
            return new SeatPool(
                    HikariSettings.of(template, 1),
                    new PoolParts(
                            drivers,
                            HikariAccess.credentials(template),
                            signals,
                            MetricsRecorder.none(),
                            new Observers("orders", Ticker.system()),
                            FaultClassifier.STANDARD,
                            null,
                            Ticker.system(),
                            7));
        }
    },

    HIKARI_PER_POD {
        @Override
        ConnectionPool pool(HikariConfig template, Function<Endpoint, DataSource> drivers, EndpointSignals signals) {
            assumeTrue(isNewestHikari(), "HikariCP per Pod needs HikariCP 7");
            return new JdbcConnections(
                    HikariSettings.of(template, 1),
                    template,
                    drivers,
                    signals,
                    MetricsRecorder.none(),
                    Ticker.system(),
                    7);
        }
    };

    static boolean isNewestHikari() {
        return Arrays.stream(HikariConfig.class.getMethods())
                .anyMatch(method -> method.getName().equals("getCredentialsProvider"));
    }

    abstract ConnectionPool pool(
            HikariConfig template, Function<Endpoint, DataSource> drivers, EndpointSignals signals);

    Fixture fixture(int budget, int minimumIdle, Duration timeout) {
        return fixture(budget, minimumIdle, timeout, config -> {});
    }

    Fixture fixture(int budget, int minimumIdle, Duration timeout, Consumer<HikariConfig> settings) {
        return new Fixture(this, budget, minimumIdle, timeout, settings);
    }
}

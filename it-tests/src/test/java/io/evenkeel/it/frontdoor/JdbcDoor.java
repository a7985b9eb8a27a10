package io.evenkeel.it.frontdoor;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.jdbc.EvenkeelDataSource;
import io.evenkeel.jdbc.EvenkeelDataSourceBuilder;
import io.evenkeel.status.PoolStatus;
import java.sql.Connection;
import java.util.function.Function;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;

/** A data source over H2 in memory, which is every Pod. */
final class JdbcDoor extends FrontDoor {

    private final EvenkeelDataSourceBuilder builder = EvenkeelDataSource.builder();

    JdbcDoor() {
        super("JDBC");
        HikariConfig hikari = new HikariConfig();
        hikari.setMaximumPoolSize(1);
        builder.hikari(hikari).connections(endpoint -> h2());
    }

    static DataSource h2() {
        JdbcDataSource h2 = new JdbcDataSource();
        h2.setURL("jdbc:h2:mem:");
        return h2;
    }

    static Function<io.evenkeel.endpoint.Endpoint, DataSource> everywhere(Runnable asked) {
        return endpoint -> {
            asked.run();
            return h2();
        };
    }

    @Override
    EvenkeelDataSourceBuilder settings() {
        return builder;
    }

    @Override
    String called(String setting) {
        return setting.equals("drainDeadline") ? "drainWarnAfter" : setting;
    }

    @Override
    Opened open() throws Exception {
        EvenkeelDataSource dataSource = builder.build();
        try (Connection connection = dataSource.getConnection()) {
            connection.isValid(1);
        } catch (Exception e) {
            dataSource.close();
            throw e;
        }
        return new Opened() {
            @Override
            public PoolStatus status() {
                return dataSource.status();
            }

            @Override
            public void close() {
                dataSource.close();
            }
        };
    }
}

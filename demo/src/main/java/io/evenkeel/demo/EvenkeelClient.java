package io.evenkeel.demo;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.jdbc.EvenkeelDataSource;
import java.sql.Connection;
import java.sql.SQLException;

/** Evenkeel with its default settings and the same template. */
final class EvenkeelClient implements Client {
    private final EvenkeelDataSource dataSource;

    EvenkeelClient(HikariConfig config, String target) {
        dataSource = EvenkeelDataSource.builder()
                .hikari(config)
                .target(target)
                .name(config.getPoolName())
                .clientId(config.getPoolName())
                .build();
    }

    @Override
    public Connection getConnection() throws SQLException {
        return dataSource.getConnection();
    }

    @Override
    public void close() {
        dataSource.close();
    }
}

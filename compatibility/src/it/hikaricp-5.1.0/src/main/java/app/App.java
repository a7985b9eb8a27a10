package app;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.jdbc.EvenkeelDataSource;
import java.sql.Connection;
import java.sql.Statement;

public final class App {
    public static void main(String[] arguments) throws Exception {
        HikariConfig hikari = new HikariConfig();
        hikari.setJdbcUrl("jdbc:postgresql://pg.default:5432/" + System.getProperty("jdbc.database"));
        hikari.setUsername(System.getProperty("jdbc.user"));
        hikari.setPassword(System.getProperty("jdbc.password"));
        hikari.setMaximumPoolSize(6);
        try (EvenkeelDataSource pool = EvenkeelDataSource.builder()
                .hikari(hikari)
                .target(System.getProperty("jdbc.target"))
                .build()) {
            Cell.run(pool::status, () -> {
                try (Connection connection = pool.getConnection();
                        Statement statement = connection.createStatement()) {
                    statement.execute("select 1");
                }
            });
        }
        System.out.println("CLOSED");
    }
}

package app;

import io.evenkeel.jdbc.EvenkeelDataSource;
import io.micronaut.context.ApplicationContext;
import java.sql.Connection;
import java.sql.Statement;
import java.util.Map;
import javax.sql.DataSource;

public final class App {
    public static void main(String[] arguments) throws Exception {
        try (ApplicationContext context = ApplicationContext.run(Map.of(
                "datasources.default.url", System.getProperty("jdbc.url"),
                "datasources.default.username", System.getProperty("jdbc.user"),
                "datasources.default.password", System.getProperty("jdbc.password"),
                "datasources.default.maximum-pool-size", 6,
                "pods.target", System.getProperty("jdbc.target")))) {
            DataSource dataSource = context.getBean(DataSource.class);
            EvenkeelDataSource pool = dataSource.unwrap(EvenkeelDataSource.class);
            Cell.run(pool::status, () -> {
                try (Connection connection = dataSource.getConnection();
                        Statement statement = connection.createStatement()) {
                    statement.execute("select 1");
                }
            });
            context.close();
            if (!pool.isClosed()) {
                throw new IllegalStateException("pool: open (expected: closed with the application)");
            }
        }
        System.out.println("CLOSED");
    }
}

package app;

import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;

@ApplicationScoped
public class Hello {
    @Inject
    DataSource dataSource;

    @Inject
    BalancedPools pools;

    void started(@Observes StartupEvent event) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("select inet_server_port()")) {
            row.next();
            System.out.println("answered by port " + row.getString(1));
        }
        pools.pools().forEach(pool -> pool.status().endpoints()
                .forEach(pod -> System.out.println(pod.endpoint().key() + ": " + pod.open() + " open")));
    }
}

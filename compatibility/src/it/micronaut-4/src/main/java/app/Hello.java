package app;

import io.evenkeel.jdbc.EvenkeelDataSource;
import io.micronaut.context.ApplicationContext;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import javax.sql.DataSource;

public class Hello {
    public static void main(String[] arguments) throws Exception {
        try (ApplicationContext context = ApplicationContext.run()) {
            DataSource dataSource = context.getBean(DataSource.class);
            try (Connection connection = dataSource.getConnection();
                    Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery("select inet_server_port()")) {
                row.next();
                System.out.println("answered by port " + row.getString(1));
            }
            dataSource.unwrap(EvenkeelDataSource.class).status().endpoints()
                    .forEach(pod -> System.out.println(pod.endpoint().key() + ": " + pod.open() + " open"));
        }
    }
}

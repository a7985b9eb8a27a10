package app;

import io.evenkeel.jdbc.EvenkeelDataSource;
import io.quarkus.narayana.jta.QuarkusTransaction;
import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.QuarkusApplication;
import io.quarkus.runtime.annotations.QuarkusMain;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;

@QuarkusMain
public class App implements QuarkusApplication {
    private static final AtomicReference<EvenkeelDataSource> POOL = new AtomicReference<>();

    @Inject
    DataSource dataSource;

    @Inject
    BalancedPools pools;

    public static void main(String[] arguments) {
        Quarkus.run(App.class, (status, failure) -> {
            if (failure != null) {
                failure.printStackTrace();
            }
            check("closed", POOL.get() != null && POOL.get().isClosed());
            System.out.println("CLOSED");
            System.exit(status);
        }, arguments);
    }

    @Override
    public int run(String... arguments) throws Exception {
        check("works", ask("select 1").equals("1"));
        POOL.set(pools.pools().get(0));
        Cell.run(POOL.get()::status, this::work);
        return 0;
    }

    /** One connection, to one Pod, for the whole of a transaction; rolled back with it. */
    private void work() {
        try {
            QuarkusTransaction.requiringNew().run(() -> {
                String first = ask("select pg_backend_pid()");
                check("one connection in a transaction", first.equals(ask("select pg_backend_pid()")));
                check("no auto-commit", ask("insert into batch values (777) returning n").equals("777"));
                throw new RolledBack();
            });
        } catch (RolledBack expected) {
            check("rolled back", ask("select count(*) from batch where n = 777").equals("0"));
        }
    }

    private static final class RolledBack extends RuntimeException {}

    private String ask(String query) {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(query)) {
            row.next();
            return row.getString(1);
        } catch (SQLException e) {
            throw new IllegalStateException(query, e);
        }
    }

    private static void check(String what, boolean holds) {
        if (!holds) {
            throw new IllegalStateException(what + " (expected: to hold)");
        }
    }
}

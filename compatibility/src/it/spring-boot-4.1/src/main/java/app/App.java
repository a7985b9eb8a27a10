package app;

import io.evenkeel.jdbc.EvenkeelDataSource;
import io.evenkeel.spring.EvenkeelEndpoint;
import io.evenkeel.spring.PoolDirectory;
import io.evenkeel.spring.PoolHealth;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.messaging.rsocket.RSocketRequester;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

@SpringBootApplication
public class App {
    public static void main(String[] arguments) throws Exception {
        EvenkeelDataSource pool;
        try (ConfigurableApplicationContext context = SpringApplication.run(App.class, arguments)) {
            JdbcTemplate jdbc = context.getBean(JdbcTemplate.class);
            TransactionTemplate readOnly = new TransactionTemplate(context.getBean(PlatformTransactionManager.class));
            readOnly.setReadOnly(true);
            RabbitTemplate rabbit = context.getBean(RabbitTemplate.class);
            RSocketRequester requester =
                    context.getBean(RSocketRequester.Builder.class).tcp("orders", 7000);
            pool = context.getBean(DataSource.class).unwrap(EvenkeelDataSource.class);
            check("flyway", context.containsBean("flywayInitializer"));
            EvenkeelEndpoint endpoint = context.getBean(EvenkeelEndpoint.class);
            Cell.run(pool::status, () -> {
                check("read-only", "on".equals(readOnly.execute(
                        status -> jdbc.queryForObject("show transaction_read_only", String.class))));
                check("batch", jdbc.batchUpdate("insert into public.batch values (?)", List.of(new Object[] {1}, new Object[] {2}))
                        .length == 2);
                rabbit.convertAndSend("", "nowhere", "hello");
                requester.route("r").data("hello").retrieveMono(String.class).block();
            });
            MeterRegistry meters = context.getBean(MeterRegistry.class);
            check("evenkeel.pods", meters.get("evenkeel.pods").tags("pool", "dataSource", "state", "serving").gauge().value() == 3);
            check("evenkeel.acquire", meters.get("evenkeel.acquire").timer().count() > 0);
            check("jdbc.connections.max", meters.get("jdbc.connections.max").gauge().value() == 6);
            check("/actuator/evenkeel", ((List<?>) endpoint.pools().get("pools")).size() == 3);
            PoolHealth health = PoolHealth.of(context.getBean(PoolDirectory.class).pools());
            check("health", health.up() && context.containsBean("evenkeelHealthIndicator"));
            System.out.println("ENDPOINT " + endpoint.pools());
            System.out.println("HEALTH " + health);
        }
        check("closed", pool.isClosed());
        System.out.println("CLOSED");
    }

    private static void check(String what, boolean holds) {
        if (!holds) {
            throw new IllegalStateException(what + " (expected: to hold)");
        }
    }
}

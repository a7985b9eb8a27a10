package app;

import com.zaxxer.hikari.HikariDataSource;
import io.evenkeel.jdbc.EvenkeelDataSource;
import io.micronaut.context.annotation.Value;
import io.micronaut.context.event.BeanCreatedEvent;
import io.micronaut.context.event.BeanCreatedEventListener;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.sql.DataSource;

/** Replaces each data source that Micronaut makes by a balanced one, and closes it with the application. */
@Singleton
final class BalancedDataSources implements BeanCreatedEventListener<DataSource> {
    private final String target;
    private final List<EvenkeelDataSource> pools = new CopyOnWriteArrayList<>();

    BalancedDataSources(@Value("${pods.target}") String target) {
        this.target = target;
    }

    @Override
    public DataSource onCreated(BeanCreatedEvent<DataSource> event) {
        if (!(event.getBean() instanceof HikariDataSource hikari)) {
            return event.getBean();
        }
        EvenkeelDataSource pool = EvenkeelDataSource.wrap(hikari, target);
        pools.add(pool);
        return pool;
    }

    @PreDestroy
    void close() {
        pools.forEach(EvenkeelDataSource::close);
    }
}

package app;

import com.zaxxer.hikari.HikariConfig;
import io.evenkeel.jdbc.EvenkeelDataSource;
import io.quarkus.arc.Unremovable;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Opens the pool of each data source, and closes it with the application. */
@Singleton
@Unremovable
public class BalancedPools {
    private final List<EvenkeelDataSource> pools = new CopyOnWriteArrayList<>();

    EvenkeelDataSource open(HikariConfig config, String target) {
        EvenkeelDataSource pool =
                EvenkeelDataSource.builder().hikari(config).target(target).build();
        pools.add(pool);
        return pool;
    }

    List<EvenkeelDataSource> pools() {
        return pools;
    }

    @PreDestroy
    void close() {
        pools.forEach(EvenkeelDataSource::close);
    }
}

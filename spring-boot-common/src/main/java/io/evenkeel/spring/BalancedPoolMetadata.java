package io.evenkeel.spring;

import io.evenkeel.jdbc.EvenkeelDataSource;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.jdbc.metadata.AbstractDataSourcePoolMetadata;
import org.springframework.boot.jdbc.metadata.DataSourcePoolMetadata;

/** A balanced data source for Spring Boot's own pool meters, {@code jdbc.connections.*}, and its health indicator. */
final class BalancedPoolMetadata extends AbstractDataSourcePoolMetadata<EvenkeelDataSource> {

    BalancedPoolMetadata(EvenkeelDataSource dataSource) {
        super(dataSource);
    }

    static @Nullable DataSourcePoolMetadata of(DataSource dataSource) {
        try {
            return dataSource.isWrapperFor(EvenkeelDataSource.class)
                    ? new BalancedPoolMetadata(dataSource.unwrap(EvenkeelDataSource.class))
                    : null;
        } catch (SQLException | RuntimeException notOurs) {
            return null;
        }
    }

    @Override
    public Integer getActive() {
        return getDataSource().status().inUse();
    }

    @Override
    public Integer getIdle() {
        return getDataSource().status().idle();
    }

    @Override
    public Integer getMax() {
        return getDataSource().config().getMaximumPoolSize();
    }

    @Override
    public Integer getMin() {
        return getDataSource().config().getMinimumIdle();
    }

    @Override
    public @Nullable String getValidationQuery() {
        return null;
    }

    @Override
    public @Nullable Boolean getDefaultAutoCommit() {
        return null;
    }
}

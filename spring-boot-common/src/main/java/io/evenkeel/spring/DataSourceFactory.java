package io.evenkeel.spring;

import com.zaxxer.hikari.HikariDataSource;
import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.jdbc.EvenkeelDataSource;
import io.evenkeel.jdbc.EvenkeelDataSourceBuilder;
import io.evenkeel.micrometer.EvenkeelHikariMetrics;
import io.evenkeel.micrometer.EvenkeelMetrics;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;

/** Builds a balanced data source from a HikariCP data source that Spring has configured and has not yet used. */
final class DataSourceFactory {
    private static final Logger LOG = LoggerFactory.getLogger(DataSourceFactory.class);

    private final EvenkeelProperties properties;
    private final PoolDirectory directory;
    private final @Nullable EvenkeelMetrics metrics;
    private final ObjectProvider<DataSourceCustomizer> customizers;
    private final ObjectProvider<EvenkeelListener> listeners;

    DataSourceFactory(
            EvenkeelProperties properties,
            PoolDirectory directory,
            @Nullable EvenkeelMetrics metrics,
            ObjectProvider<DataSourceCustomizer> customizers,
            ObjectProvider<EvenkeelListener> listeners) {
        this.properties = properties;
        this.directory = directory;
        this.metrics = metrics;
        this.customizers = customizers;
        this.listeners = listeners;
    }

    /** Whether the properties let this bean be balanced. */
    boolean isWanted(String beanName) {
        EvenkeelProperties.DataSources all = properties.getDatasource();
        return properties.isEnabled()
                && all.isEnabled()
                && !all.getExclude().contains(beanName)
                && of(beanName).isEnabled();
    }

    /**
     * The balanced data source, or null if this one can't be and no target was asked for: a database in memory, for
     * example, goes on as it was.
     *
     * @throws InvalidEvenkeelSettingException if it can't be balanced although a target was asked for
     */
    @Nullable
    EvenkeelDataSource build(String beanName, HikariDataSource hikari) {
        try {
            EvenkeelDataSource balanced = builder(beanName, hikari).build();
            hikari.close();
            return balanced;
        } catch (IllegalArgumentException refused) {
            if (hasSettings(beanName)) {
                throw new InvalidEvenkeelSettingException(
                        "the data source '" + beanName + "'", prefix(beanName), refused);
            }
            LOG.info("Data source {} is not balanced: {}", beanName, refused.getMessage());
            LOG.debug("Data source {} is not balanced", beanName, refused);
            return null;
        }
    }

    private EvenkeelDataSourceBuilder builder(String beanName, HikariDataSource hikari) {
        // Not a plain HikariConfig, with which a pool fails fast: Boot's own bean waits for nothing until it is
        // first used.
        HikariDataSource template = new HikariDataSource();
        hikari.copyStateTo(template);
        if (metrics != null) {
            EvenkeelHikariMetrics.observe(template, metrics);
        }
        EvenkeelDataSourceBuilder builder =
                EvenkeelDataSource.builder().hikari(template).metrics(directory).settings(of(beanName)::applyTo);
        if (of(beanName).getName() == null && isGenerated(template.getPoolName())) {
            builder.name(beanName);
        }
        if (properties.getDatasource().getSurge() != null) {
            builder.surge(properties.getDatasource().getSurge());
        }
        builder.listener(ListenerBeans.of(listeners));
        customizers.orderedStream().forEach(customizer -> customizer.customize(beanName, builder));
        return builder;
    }

    private PoolProperties of(String beanName) {
        EvenkeelProperties.DataSources all = properties.getDatasource();
        return all.getBeans().getOrDefault(beanName, all);
    }

    private boolean hasSettings(String beanName) {
        return of(beanName).getTarget() != null;
    }

    private String prefix(String beanName) {
        return properties.getDatasource().getBeans().containsKey(beanName)
                ? "evenkeel.datasource.beans." + beanName
                : "evenkeel.datasource";
    }

    /** HikariCP numbers pools that have no name, which says nothing in a meter. */
    private static boolean isGenerated(@Nullable String name) {
        return name == null || name.matches("HikariPool-\\d+");
    }
}

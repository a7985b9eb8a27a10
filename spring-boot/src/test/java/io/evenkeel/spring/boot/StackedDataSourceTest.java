package io.evenkeel.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;

import com.p6spy.engine.spy.P6DataSource;
import com.zaxxer.hikari.HikariDataSource;
import io.evenkeel.jdbc.EvenkeelDataSource;
import io.evenkeel.spring.DataSourceCustomizer;
import io.micrometer.common.KeyValue;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationRegistry;
import jakarta.persistence.Entity;
import jakarta.persistence.EntityManager;
import jakarta.persistence.EntityManagerFactory;
import jakarta.persistence.Id;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import net.ttddyy.dsproxy.ExecutionInfo;
import net.ttddyy.dsproxy.QueryInfo;
import net.ttddyy.dsproxy.listener.QueryExecutionListener;
import net.ttddyy.dsproxy.support.ProxyDataSource;
import net.ttddyy.dsproxy.support.ProxyDataSourceBuilder;
import net.ttddyy.observation.tracing.DataSourceObservationListener;
import org.h2.jdbcx.JdbcDataSource;
import org.hibernate.Session;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.autoconfigure.AutoConfigurationPackage;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.flyway.autoconfigure.FlywayAutoConfiguration;
import org.springframework.boot.hibernate.autoconfigure.HibernateJpaAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.DataSourceTransactionManagerAutoConfiguration;
import org.springframework.boot.jdbc.autoconfigure.JdbcTemplateAutoConfiguration;
import org.springframework.boot.liquibase.autoconfigure.LiquibaseAutoConfiguration;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.transaction.autoconfigure.TransactionAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.annotation.Transactional;

/**
 * An application with a migration, JPA and two proxies on top of the balanced data source: p6spy and datasource-micrometer. Its
 * two Pods lead to one database in memory, as replicas of one do.
 */
class StackedDataSourceTest {
    private static final AtomicInteger DATABASES = new AtomicInteger();

    @Entity(name = "item")
    static class Item {
        @Id
        private int id;

        private String name = "";

        protected Item() {}

        Item(int id) {
            this.id = id;
            this.name = "item " + id;
        }
    }

    /** As docs/recipes/pod-in-spans.md has it. */
    static final class PodInSpans implements QueryExecutionListener {
        private final ObservationRegistry observations;

        PodInSpans(ObservationRegistry observations) {
            this.observations = observations;
        }

        @Override
        public void beforeQuery(ExecutionInfo execution, List<QueryInfo> queries) {
            Observation query = observations.getCurrentObservation();
            if (query != null) {
                try {
                    EvenkeelDataSource.endpointOf(execution.getStatement().getConnection())
                            .ifPresent(pod -> query.highCardinalityKeyValue("pod", pod.identity()));
                } catch (SQLException unknown) {
                    query.highCardinalityKeyValue("pod", "unknown");
                }
            }
        }

        @Override
        public void afterQuery(ExecutionInfo execution, List<QueryInfo> queries) {}
    }

    /** Transactions by annotation, as an application's service has them. */
    static class Items {
        private final EntityManager entities;
        private final JdbcTemplate jdbc;

        Items(EntityManager entities, JdbcTemplate jdbc) {
            this.entities = entities;
            this.jdbc = jdbc;
        }

        @Transactional
        public void store(int from, int to) {
            IntStream.range(from, to).mapToObj(Item::new).forEach(entities::persist);
        }

        @Transactional
        public int[] storeByJdbc(int from, int to) {
            List<Object[]> rows = IntStream.range(from, to)
                    .mapToObj(id -> new Object[] {id, "item " + id})
                    .toList();
            return jdbc.batchUpdate("insert into item values (?, ?)", rows);
        }

        @Transactional(readOnly = true)
        public boolean isReadOnlyWithin() {
            assertThat(entities.createQuery("select count(i) from item i", Long.class)
                            .getSingleResult())
                    .isEqualTo(30);
            return entities.unwrap(Session.class).doReturningWork(Connection::isReadOnly);
        }

        @Transactional
        public void storeAndFail(int id) {
            entities.persist(new Item(id));
            entities.flush();
            throw new IllegalStateException("rolled back");
        }
    }

    /** H2 takes read-only as a hint and forgets it; here it is kept with the connection, as servers keep it. */
    private static DataSource rememberingReadOnly(DataSource database) {
        return proxy(DataSource.class, database, (method, result) -> {
            AtomicBoolean readOnly = new AtomicBoolean();
            return result instanceof Connection connection
                    ? proxy(Connection.class, connection, (call, value) -> switch (call.name()) {
                        case "setReadOnly" -> {
                            readOnly.set((boolean) call.argument());
                            yield null;
                        }
                        case "isReadOnly" -> readOnly.get();
                        default -> value;
                    })
                    : result;
        });
    }

    /** What was called, and its first argument if it has any. */
    private record Call(String name, Object argument) {}

    private static <T> T proxy(Class<T> type, T delegate, BiFunction<Call, Object, Object> answer) {
        return type.cast(Proxy.newProxyInstance(
                StackedDataSourceTest.class.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
                    try {
                        Object argument = arguments == null ? "" : arguments[0];
                        return answer.apply(new Call(method.getName(), argument), method.invoke(delegate, arguments));
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }

    @Configuration(proxyBeanMethods = false)
    @AutoConfigurationPackage
    static class Application {
        private final Set<String> observed = ConcurrentHashMap.newKeySet();

        @Bean
        DataSourceCustomizer pods() {
            String url = "jdbc:h2:mem:stacked-" + DATABASES.incrementAndGet() + ";DB_CLOSE_DELAY=-1";
            return (bean, builder) -> builder.connections(endpoint -> {
                JdbcDataSource database = new JdbcDataSource();
                database.setURL(url);
                return rememberingReadOnly(database);
            });
        }

        @Bean
        Set<String> observed() {
            return observed;
        }

        /** As p6spy's and datasource-micrometer's own starters do it. */
        @Bean
        static BeanPostProcessor proxies(org.springframework.beans.factory.ObjectProvider<Application> application) {
            return new BeanPostProcessor() {
                @Override
                public Object postProcessAfterInitialization(Object bean, String name) {
                    return bean instanceof EvenkeelDataSource balanced
                            ? application.getObject().stack(balanced)
                            : bean;
                }
            };
        }

        private DataSource stack(DataSource balanced) {
            ObservationRegistry registry = ObservationRegistry.create();
            registry.observationConfig().observationHandler(new ObservationHandler<Observation.Context>() {
                @Override
                public void onStart(Observation.Context context) {
                    observed.add(context.getName());
                }

                @Override
                public void onStop(Observation.Context context) {
                    KeyValue pod = context.getHighCardinalityKeyValue("pod");
                    if (pod != null) {
                        observed.add(context.getName() + " at " + pod.getValue());
                    }
                }

                @Override
                public boolean supportsContext(Observation.Context context) {
                    return true;
                }
            });
            DataSourceObservationListener listener = new DataSourceObservationListener(registry);
            return ProxyDataSourceBuilder.create(new P6DataSource(balanced))
                    .listener(listener)
                    .listener(new PodInSpans(registry))
                    .methodListener(listener)
                    .build();
        }

        @Bean
        Items items(EntityManagerFactory factory, JdbcTemplate jdbc) {
            return new Items(
                    org.springframework.orm.jpa.SharedEntityManagerCreator.createSharedEntityManager(factory), jdbc);
        }
    }

    private static ApplicationContextRunner application(String migration) {
        return new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(
                        EvenkeelAutoConfiguration.class,
                        DataSourceAutoConfiguration.class,
                        DataSourceTransactionManagerAutoConfiguration.class,
                        TransactionAutoConfiguration.class,
                        JdbcTemplateAutoConfiguration.class,
                        FlywayAutoConfiguration.class,
                        LiquibaseAutoConfiguration.class,
                        HibernateJpaAutoConfiguration.class))
                .withUserConfiguration(Application.class)
                .withPropertyValues(
                        "spring.datasource.url=jdbc:postgresql://pg.default:5432/app",
                        "spring.datasource.hikari.maximum-pool-size=4",
                        "evenkeel.datasource.target=static:///127.0.0.1:1,127.0.0.1:2",
                        "spring.flyway.enabled=" + migration.equals("flyway"),
                        "spring.liquibase.enabled=" + migration.equals("liquibase"),
                        "spring.liquibase.change-log=classpath:db/changelog/changes.sql",
                        "spring.jpa.open-in-view=false",
                        // fails the start unless the table is there before it
                        "spring.jpa.hibernate.ddl-auto=validate",
                        "spring.jpa.properties.hibernate.jdbc.batch_size=10");
    }

    @ParameterizedTest
    @ValueSource(strings = {"flyway", "liquibase"})
    void migration_jpa_read_only_and_batches_work_through_proxies_on_balanced_connections(String migration) {
        EvenkeelDataSource[] pool = new EvenkeelDataSource[1];
        application(migration).run(context -> {
            assertThat(context).hasNotFailed();
            pool[0] = balanced(context);
            work(context.getBean(Items.class));
            // Given back as it was: read-only is the transaction's, not the connection's.
            for (int i = 0; i < 8; i++) {
                try (Connection connection = context.getBean(DataSource.class).getConnection()) {
                    assertThat(connection.isReadOnly()).isFalse();
                    assertThat(connection.getAutoCommit()).isTrue();
                }
            }
            assertThat(context.getBean("observed", Set.class))
                    .contains(
                            "jdbc.connection", "jdbc.query", "jdbc.query at 127.0.0.1:1", "jdbc.query at 127.0.0.1:2");
            assertThat(pool[0].status().acquired()).isGreaterThan(10);
            assertThat(pool[0].status().inUse()).isZero();
        });
        assertThat(pool[0].isClosed()).isTrue();
    }

    private static EvenkeelDataSource balanced(AssertableApplicationContext context) throws Exception {
        DataSource stacked = context.getBean(DataSource.class);
        assertThat(stacked).isInstanceOf(ProxyDataSource.class).isNotInstanceOf(HikariDataSource.class);
        assertThat(((ProxyDataSource) stacked).getDataSource()).isInstanceOf(P6DataSource.class);
        return stacked.unwrap(EvenkeelDataSource.class);
    }

    private static void work(Items items) {
        items.store(0, 20);
        assertThat(items.storeByJdbc(20, 30)).hasSize(10);
        assertThat(items.isReadOnlyWithin()).isTrue();
        assertThat(org.assertj.core.api.Assertions.catchThrowable(() -> items.storeAndFail(99)))
                .hasMessage("rolled back");
        assertThat(items.isReadOnlyWithin()).as("what was rolled back is gone").isTrue();
    }
}

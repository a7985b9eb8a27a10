package io.evenkeel.spring;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariDataSource;
import io.evenkeel.amqp.EvenkeelConnectionFactory;
import io.evenkeel.event.EvenkeelEvent;
import io.evenkeel.jdbc.EvenkeelDataSource;
import io.evenkeel.micrometer.EvenkeelMetrics;
import io.evenkeel.rsocket.PodInterceptor;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.rsocket.SocketAcceptor;
import io.rsocket.core.RSocketServer;
import io.rsocket.transport.netty.server.CloseableChannel;
import io.rsocket.transport.netty.server.TcpServerTransport;
import io.rsocket.util.DefaultPayload;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.aop.scope.ScopedProxyFactoryBean;
import org.springframework.beans.factory.ObjectFactory;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.config.Scope;
import org.springframework.beans.factory.support.BeanDefinitionBuilder;
import org.springframework.beans.factory.support.RootBeanDefinition;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.jdbc.metadata.DataSourcePoolMetadata;
import org.springframework.boot.jdbc.metadata.DataSourcePoolMetadataProvider;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.messaging.rsocket.RSocketRequester;
import reactor.core.publisher.Mono;

/** What a starter does, whatever line of Spring Boot it is for. Nothing has to connect, but for one server of RSocket's. */
public abstract class StarterContract {
    private static final String POSTGRES = "spring.datasource.url=jdbc:postgresql://pg.default:5432/app";
    private static final String TARGET = "evenkeel.datasource.target=static:///127.0.0.1:1";

    /** The starter's own auto-configurations, and those of the line for JDBC, RabbitMQ and RSocket. */
    protected abstract Class<?>[] autoConfigurations();

    /** {@code UP} or {@code DOWN} of a health indicator of the line. */
    protected abstract String health(AssertableApplicationContext context);

    private ApplicationContextRunner application() {
        return new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(autoConfigurations()))
                .withPropertyValues("evenkeel.datasource.close-timeout=0s", "evenkeel.rsocket.close-timeout=0s");
    }

    private static EvenkeelDataSource balanced(AssertableApplicationContext context, String bean) {
        DataSource dataSource = context.getBean(bean, DataSource.class);
        assertThat(dataSource).isInstanceOf(EvenkeelDataSource.class);
        return (EvenkeelDataSource) dataSource;
    }

    @Test
    void the_data_source_is_balanced_and_has_the_settings_that_were_bound() {
        application()
                .withPropertyValues(POSTGRES, TARGET, "spring.datasource.hikari.maximum-pool-size=7")
                .run(context -> {
                    EvenkeelDataSource pool = balanced(context, "dataSource");
                    assertThat(pool.name()).isEqualTo("dataSource");
                    assertThat(pool.config().getMaximumPoolSize()).isEqualTo(7);
                    assertThat(pool.status().target()).isEqualTo("static:///127.0.0.1:1");
                });
    }

    @Test
    void without_a_target_it_is_derived_from_the_url() {
        application()
                .withPropertyValues(POSTGRES)
                .run(context -> assertThat(
                                balanced(context, "dataSource").status().target())
                        .isEqualTo("dns:///pg.default:5432"));
    }

    @Test
    void it_is_closed_with_the_application() {
        EvenkeelDataSource[] pool = new EvenkeelDataSource[1];
        application().withPropertyValues(POSTGRES, TARGET).run(context -> {
            pool[0] = balanced(context, "dataSource");
            assertThat(pool[0].isClosed()).isFalse();
        });
        assertThat(pool[0].isClosed()).isTrue();
    }

    @Test
    void a_database_in_memory_stays_as_it_was() {
        application()
                .withPropertyValues("spring.datasource.url=jdbc:h2:mem:app")
                .run(context -> {
                    assertThat(context.getBean(DataSource.class)).isInstanceOf(HikariDataSource.class);
                    assertThat(context.getBean(PoolDirectory.class).pools()).isEmpty();
                });
    }

    @Test
    void it_can_be_switched_off_in_all_in_part_and_by_bean() {
        for (String off : new String[] {
            "evenkeel.enabled=false",
            "evenkeel.datasource.enabled=false",
            "evenkeel.datasource.exclude=dataSource",
            "evenkeel.datasource.beans.dataSource.enabled=false"
        }) {
            application()
                    .withPropertyValues(POSTGRES, off)
                    .run(context -> assertThat(context.getBean(DataSource.class))
                            .as(off)
                            .isInstanceOf(HikariDataSource.class));
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class TwoDataSources {
        private static HikariDataSource named(String name) {
            HikariDataSource hikari = new HikariDataSource();
            hikari.setJdbcUrl("jdbc:postgresql://" + name + ".default:5432/app");
            return hikari;
        }

        @Bean
        DataSource orders() {
            return named("orders");
        }

        @Bean
        DataSource billing() {
            return named("billing");
        }
    }

    @Test
    void several_data_sources_are_balanced_each_by_its_own_settings() {
        application()
                .withUserConfiguration(TwoDataSources.class)
                .withPropertyValues("evenkeel.datasource.beans.orders.target=static:///127.0.0.1:1")
                .run(context -> {
                    assertThat(balanced(context, "orders").status().target()).isEqualTo("static:///127.0.0.1:1");
                    assertThat(balanced(context, "billing").status().target()).isEqualTo("dns:///billing.default:5432");
                    assertThat(context.getBean(PoolDirectory.class).pools()).hasSize(2);
                });
    }

    /** As a refresh scope does: one object until it is refreshed. */
    private static final class Refreshable implements Scope {
        private final Map<String, Object> objects = new HashMap<>();
        private final Map<String, Runnable> destroy = new HashMap<>();

        @Override
        public Object get(String name, ObjectFactory<?> factory) {
            return objects.computeIfAbsent(name, made -> factory.getObject());
        }

        void refresh() {
            objects.clear();
            destroy.values().forEach(Runnable::run);
            destroy.clear();
        }

        @Override
        public @Nullable Object remove(String name) {
            return objects.remove(name);
        }

        @Override
        public void registerDestructionCallback(String name, Runnable callback) {
            destroy.put(name, callback);
        }

        @Override
        public @Nullable Object resolveContextualObject(String key) {
            return null;
        }

        @Override
        public @Nullable String getConversationId() {
            return null;
        }
    }

    private static void scopedDataSource(ConfigurableApplicationContext context, Refreshable scope, String[] host) {
        ConfigurableListableBeanFactory factory = context.getBeanFactory();
        factory.registerScope("refresh", scope);
        var registry = (org.springframework.beans.factory.support.BeanDefinitionRegistry) factory;
        BeanDefinition target = BeanDefinitionBuilder.genericBeanDefinition(HikariDataSource.class, () -> {
                    HikariDataSource hikari = new HikariDataSource();
                    hikari.setJdbcUrl("jdbc:postgresql://" + host[0] + ".default:5432/app");
                    return hikari;
                })
                .setScope("refresh")
                .getBeanDefinition();
        target.setAutowireCandidate(false);
        registry.registerBeanDefinition("scopedTarget.scoped", target);
        RootBeanDefinition proxy = new RootBeanDefinition(ScopedProxyFactoryBean.class);
        proxy.getPropertyValues().add("targetBeanName", "scopedTarget.scoped");
        registry.registerBeanDefinition("scoped", proxy);
    }

    @Test
    void a_refreshed_data_source_is_balanced_anew() {
        Refreshable scope = new Refreshable();
        String[] host = {"first"};
        application()
                .withInitializer(context -> scopedDataSource(context, scope, host))
                .run(context -> {
                    DataSource dataSource = context.getBean("scoped", DataSource.class);
                    assertThat(dataSource).isInstanceOf(RefreshScopedDataSource.class);
                    EvenkeelDataSource before = dataSource.unwrap(EvenkeelDataSource.class);
                    assertThat(before.status().target()).isEqualTo("dns:///first.default:5432");
                    host[0] = "second";
                    scope.refresh();
                    EvenkeelDataSource after = dataSource.unwrap(EvenkeelDataSource.class);
                    assertThat(after).isNotSameAs(before);
                    assertThat(after.status().target()).isEqualTo("dns:///second.default:5432");
                    assertThat(dataSource.unwrap(EvenkeelDataSource.class)).isSameAs(after);
                });
    }

    @Test
    void a_setting_that_is_refused_is_explained() {
        application()
                .withPropertyValues(POSTGRES, TARGET, "evenkeel.datasource.move-window=-1s")
                .run(context -> {
                    Throwable root = context.getStartupFailure();
                    FailureAnalysis analysis = new EvenkeelFailureAnalyzer().analyze(Objects.requireNonNull(root));
                    assertThat(Objects.requireNonNull(analysis).getDescription())
                            .contains("data source 'dataSource'")
                            .contains("moveWindow: PT-1S (expected: ");
                    assertThat(analysis.getAction()).contains("evenkeel.datasource.enabled=false");
                });
    }

    @Configuration(proxyBeanMethods = false)
    static class NeedsHikari {
        @Bean
        String needs(HikariDataSource hikari) {
            return hikari.toString();
        }
    }

    @Test
    void a_bean_that_needs_hikaricp_itself_is_explained() {
        application()
                .withUserConfiguration(NeedsHikari.class)
                .withPropertyValues(POSTGRES, TARGET)
                .run(context -> {
                    Throwable root = context.getStartupFailure();
                    FailureAnalysis analysis = new HikariTypeFailureAnalyzer().analyze(Objects.requireNonNull(root));
                    assertThat(Objects.requireNonNull(analysis).getAction())
                            .contains("evenkeel.datasource.exclude=dataSource");
                });
    }

    @Configuration(proxyBeanMethods = false)
    static class Additions {
        static final java.util.List<EvenkeelEvent> EVENTS = new java.util.concurrent.CopyOnWriteArrayList<>();

        @Bean
        DataSourceCustomizer named() {
            return (bean, builder) -> builder.name("named " + bean);
        }

        @Bean
        io.evenkeel.event.EvenkeelListener events() {
            return EVENTS::add;
        }
    }

    @Test
    void customizers_and_listeners_of_the_application_are_used() {
        application()
                .withUserConfiguration(Additions.class)
                .withPropertyValues(POSTGRES, TARGET)
                .run(context ->
                        assertThat(balanced(context, "dataSource").name()).isEqualTo("named dataSource"));
    }

    @Test
    void meters_are_bound_to_the_registry() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        application().withPropertyValues(POSTGRES, TARGET).run(context -> {
            context.getBean(EvenkeelMetrics.class).bindTo(registry);
            assertThat(registry.get("evenkeel.connections.max")
                            .tag("pool", "dataSource")
                            .gauge()
                            .value())
                    .isEqualTo(10);
        });
        assertThat(registry.find("evenkeel.connections.max").gauge()).isNull();
    }

    @Test
    void boots_own_pool_metadata_sees_the_whole_pool() {
        application().withPropertyValues(POSTGRES, TARGET).run(context -> {
            DataSource dataSource = context.getBean(DataSource.class);
            DataSourcePoolMetadata metadata = context.getBeanProvider(DataSourcePoolMetadataProvider.class)
                    .orderedStream()
                    .map(provider -> provider.getDataSourcePoolMetadata(dataSource))
                    .filter(Objects::nonNull)
                    .findFirst()
                    .orElseThrow();
            assertThat(metadata.getMax()).isEqualTo(10);
            assertThat(metadata.getActive()).isZero();
            assertThat(metadata.getUsage()).isZero();
        });
    }

    @Test
    @SuppressWarnings("unchecked")
    void the_endpoint_shows_every_pool_and_its_pods() {
        application().withPropertyValues(POSTGRES, TARGET).run(context -> {
            EvenkeelEndpoint endpoint = context.getBean(EvenkeelEndpoint.class);
            Map<String, Object> one = Objects.requireNonNull(endpoint.pool("dataSource"));
            assertThat((Iterable<Map<String, Object>>) one.get("pools")).hasSize(1);
            assertThat((Iterable<Map<String, Object>>) endpoint.pools().get("pools"))
                    .singleElement()
                    .satisfies(pool -> assertThat(pool)
                            .containsEntry("target", "static:///127.0.0.1:1")
                            .containsEntry("size", 10)
                            .containsKeys("pods", "source", "moves", "waiting"));
            assertThat(endpoint.pool("other")).isNull();
        });
    }

    @Test
    void an_application_without_pools_is_up() {
        application().run(context -> assertThat(health(context)).isEqualTo("UP"));
    }

    @Test
    void rabbits_connections_are_balanced_with_boots_settings() {
        application()
                .withPropertyValues(
                        "spring.rabbitmq.username=app",
                        "spring.rabbitmq.cache.channel.size=3",
                        "spring.rabbitmq.requested-heartbeat=7s",
                        "evenkeel.rabbit.target=static:///127.0.0.1:1",
                        "evenkeel.rabbit.consumer-handover=lame-duck")
                .run(context -> {
                    CachingConnectionFactory caching = context.getBean(CachingConnectionFactory.class);
                    assertThat(caching.getChannelCacheSize()).isEqualTo(3);
                    assertThat(caching.getRabbitConnectionFactory()).isInstanceOf(EvenkeelConnectionFactory.class);
                    assertThat(caching.getRabbitConnectionFactory().getUsername())
                            .isEqualTo("app");
                    assertThat(caching.getRabbitConnectionFactory().getRequestedHeartbeat())
                            .isEqualTo(7);
                });
    }

    @Test
    void rabbits_own_factory_is_there_when_ours_is_switched_off() {
        application()
                .withPropertyValues("evenkeel.rabbit.enabled=false")
                .run(context -> assertThat(
                                context.getBean(CachingConnectionFactory.class).getRabbitConnectionFactory())
                        .isNotInstanceOf(EvenkeelConnectionFactory.class));
    }

    @Test
    void a_requester_spreads_over_pods_and_is_closed_with_the_application() {
        application()
                .withPropertyValues("evenkeel.rsocket.targets.orders=static:///127.0.0.1:1")
                .run(context -> {
                    RSocketRequester requester =
                            context.getBean(RSocketRequester.Builder.class).tcp("orders", 7000);
                    assertThat(requester.rsocket()).isNotNull();
                    assertThat(context.getBean(PoolDirectory.class).pools())
                            .singleElement()
                            .satisfies(pool -> assertThat(pool.target()).isEqualTo("static:///127.0.0.1:1"));
                    requester.dispose();
                });
    }

    @Test
    void interceptors_of_the_application_know_the_pod_of_each_connection() {
        CloseableChannel server = RSocketServer.create(SocketAcceptor.forRequestResponse(Mono::just))
                .bindNow(TcpServerTransport.create("127.0.0.1", 0));
        String address = "127.0.0.1:" + server.address().getPort();
        List<String> called = new CopyOnWriteArrayList<>();
        try {
            application()
                    .withPropertyValues("evenkeel.rsocket.targets.orders=static:///" + address)
                    .withBean("first", PodInterceptor.class, () -> noting("first", called))
                    .withBean("second", PodInterceptor.class, () -> noting("second", called))
                    .run(context -> {
                        RSocketRequester requester =
                                context.getBean(RSocketRequester.Builder.class).tcp("orders", 7000);
                        Objects.requireNonNull(requester.rsocket())
                                .requestResponse(DefaultPayload.create("x"))
                                .block(Duration.ofSeconds(20));
                        assertThat(called).containsExactly("first " + address, "second " + address);
                        requester.dispose();
                    });
        } finally {
            server.dispose();
        }
    }

    private static PodInterceptor noting(String name, List<String> called) {
        return (pod, connection) -> {
            called.add(name + " " + pod.address());
            return connection;
        };
    }
}

package io.evenkeel.spring;

import com.zaxxer.hikari.HikariDataSource;
import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.event.MetricsRecorder;
import io.evenkeel.micrometer.EvenkeelMetrics;
import io.evenkeel.rsocket.EvenkeelRSocketClient;
import io.evenkeel.rsocket.PodInterceptor;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.jdbc.metadata.DataSourcePoolMetadataProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.ImportRuntimeHints;
import org.springframework.context.annotation.Role;
import org.springframework.jdbc.datasource.AbstractDataSource;
import org.springframework.messaging.rsocket.RSocketRequester;

/** What both lines configure alike; each line's auto-configurations import the parts. */
public final class EvenkeelConfiguration {

    private EvenkeelConfiguration() {}

    /** Properties, the pools' directory and the meters. */
    @Configuration(proxyBeanMethods = false)
    @EnableConfigurationProperties(EvenkeelProperties.class)
    @ImportRuntimeHints(EvenkeelRuntimeHints.class)
    public static class Common {

        /** Bound to every registry, as any MeterBinder. */
        @Bean
        @ConditionalOnClass(MeterRegistry.class)
        @ConditionalOnMissingBean
        @ConditionalOnProperty(name = "evenkeel.metrics.enabled", matchIfMissing = true)
        @Role(BeanDefinition.ROLE_INFRASTRUCTURE)
        static EvenkeelMetrics evenkeelMetrics(EvenkeelProperties properties) {
            return EvenkeelMetrics.builder()
                    .podTag(properties.getMetrics().isPodTag())
                    .hikariNames(properties.getMetrics().isHikariNames())
                    .build();
        }

        @Bean
        @ConditionalOnMissingBean
        @Role(BeanDefinition.ROLE_INFRASTRUCTURE)
        static PoolDirectory evenkeelPoolDirectory(ObjectProvider<EvenkeelMetrics> metrics) {
            EvenkeelMetrics known = metrics.getIfAvailable();
            return new PoolDirectory(known == null ? MetricsRecorder.none() : known);
        }
    }

    /** Balanced data sources. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass({HikariDataSource.class, AbstractDataSource.class})
    public static class DataSources {

        /** Makes what it needs with the first data source, not before: other beans are still to be post-processed. */
        @Bean
        @Role(BeanDefinition.ROLE_INFRASTRUCTURE)
        static DataSourceBalancer evenkeelDataSourceBalancer(
                ObjectProvider<EvenkeelProperties> properties,
                ObjectProvider<PoolDirectory> directory,
                ObjectProvider<EvenkeelMetrics> metrics,
                ObjectProvider<DataSourceCustomizer> customizers,
                ObjectProvider<EvenkeelListener> listeners) {
            return new DataSourceBalancer(() -> new DataSourceFactory(
                    properties.getObject(), directory.getObject(), metrics.getIfAvailable(), customizers, listeners));
        }

        @Bean
        static DataSourcePoolMetadataProvider evenkeelPoolMetadataProvider() {
            return BalancedPoolMetadata::of;
        }
    }

    /** Balanced RSocket requesters. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass({EvenkeelRSocketClient.class, RSocketRequester.class})
    public static class RSockets {

        @Bean
        @Role(BeanDefinition.ROLE_INFRASTRUCTURE)
        static RequesterBalancer evenkeelRequesterBalancer(
                ObjectProvider<EvenkeelProperties> properties,
                ObjectProvider<PoolDirectory> directory,
                ObjectProvider<EvenkeelListener> listeners,
                ObjectProvider<PodInterceptor> interceptors) {
            return new RequesterBalancer(properties::getObject, directory::getObject, listeners, interceptors);
        }
    }

    /** The actuator's endpoint. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(Endpoint.class)
    public static class Actuator {

        @Bean
        @ConditionalOnMissingBean
        EvenkeelEndpoint evenkeelEndpoint(PoolDirectory directory) {
            return new EvenkeelEndpoint(directory);
        }
    }
}

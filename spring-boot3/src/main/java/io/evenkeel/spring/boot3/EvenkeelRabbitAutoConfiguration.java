package io.evenkeel.spring.boot3;

import io.evenkeel.amqp.EvenkeelConnectionFactory;
import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.micrometer.EvenkeelMetrics;
import io.evenkeel.spring.EvenkeelProperties;
import io.evenkeel.spring.PoolDirectory;
import io.evenkeel.spring.RabbitSettings;
import java.util.Objects;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.ConnectionFactory;
import org.springframework.amqp.rabbit.connection.RabbitConnectionFactoryBean;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.amqp.CachingConnectionFactoryConfigurer;
import org.springframework.boot.autoconfigure.amqp.ConnectionFactoryCustomizer;
import org.springframework.boot.autoconfigure.amqp.RabbitAutoConfiguration;
import org.springframework.boot.autoconfigure.amqp.RabbitConnectionDetails;
import org.springframework.boot.autoconfigure.amqp.RabbitConnectionFactoryBeanConfigurer;
import org.springframework.boot.autoconfigure.amqp.RabbitProperties;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.context.annotation.Bean;

/**
 * The application's {@link CachingConnectionFactory}, from Spring Boot's own configurers and customizers, over
 * connections that follow the brokers. Steps aside for a {@link ConnectionFactory} of the application's own.
 */
@AutoConfiguration(after = EvenkeelAutoConfiguration.class, before = RabbitAutoConfiguration.class)
@ConditionalOnClass({EvenkeelConnectionFactory.class, CachingConnectionFactory.class, RabbitAutoConfiguration.class})
@ConditionalOnBean(PoolDirectory.class)
@ConditionalOnProperty(name = "evenkeel.rabbit.enabled", matchIfMissing = true)
public class EvenkeelRabbitAutoConfiguration {

    @Bean
    @ConditionalOnMissingBean(ConnectionFactory.class)
    CachingConnectionFactory rabbitConnectionFactory(
            RabbitConnectionFactoryBeanConfigurer connections,
            CachingConnectionFactoryConfigurer caching,
            RabbitConnectionDetails details,
            RabbitProperties rabbit,
            ObjectProvider<ConnectionFactoryCustomizer> customizers,
            EvenkeelProperties properties,
            PoolDirectory directory,
            ObjectProvider<EvenkeelMetrics> metrics,
            ObjectProvider<EvenkeelListener> listeners)
            throws Exception {
        RabbitConnectionFactoryBean bean = new RabbitConnectionFactoryBean();
        connections.configure(bean);
        bean.afterPropertiesSet();
        com.rabbitmq.client.ConnectionFactory configured = Objects.requireNonNull(bean.getObject());
        SslBundle bundle = details.getSslBundle();
        if (bundle != null) {
            // Boot's own bean, which is not public, does this
            configured.useSslProtocol(bundle.createSslContext());
            if (rabbit.getSsl().isVerifyHostname()) {
                configured.enableHostnameVerification();
            }
        }
        EvenkeelConnectionFactory balanced = EvenkeelConnectionFactory.copyOf(configured);
        RabbitSettings.apply(properties, balanced, directory, metrics, listeners);
        customizers.orderedStream().forEach(customizer -> customizer.customize(balanced));
        CachingConnectionFactory factory = new CachingConnectionFactory(balanced);
        caching.configure(factory);
        return factory;
    }
}

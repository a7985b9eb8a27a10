package io.evenkeel.spring.boot;

import io.evenkeel.spring.StarterContract;
import java.util.Objects;
import org.springframework.boot.amqp.autoconfigure.RabbitAutoConfiguration;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.jdbc.autoconfigure.DataSourceAutoConfiguration;
import org.springframework.boot.rsocket.autoconfigure.RSocketRequesterAutoConfiguration;
import org.springframework.boot.rsocket.autoconfigure.RSocketStrategiesAutoConfiguration;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;

class StarterTest extends StarterContract {

    @Override
    protected Class<?>[] autoConfigurations() {
        return new Class<?>[] {
            EvenkeelAutoConfiguration.class,
            EvenkeelRabbitAutoConfiguration.class,
            EvenkeelHealthAutoConfiguration.class,
            DataSourceAutoConfiguration.class,
            RabbitAutoConfiguration.class,
            RSocketStrategiesAutoConfiguration.class,
            RSocketRequesterAutoConfiguration.class
        };
    }

    @Override
    protected String health(AssertableApplicationContext context) {
        return Objects.requireNonNull(context.getBean(HealthIndicator.class).health())
                .getStatus()
                .getCode();
    }
}

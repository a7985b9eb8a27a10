package io.evenkeel.spring.boot3;

import io.evenkeel.spring.StarterContract;
import java.util.Objects;
import org.springframework.boot.actuate.health.HealthIndicator;
import org.springframework.boot.autoconfigure.amqp.RabbitAutoConfiguration;
import org.springframework.boot.autoconfigure.jdbc.DataSourceAutoConfiguration;
import org.springframework.boot.autoconfigure.rsocket.RSocketRequesterAutoConfiguration;
import org.springframework.boot.autoconfigure.rsocket.RSocketStrategiesAutoConfiguration;
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

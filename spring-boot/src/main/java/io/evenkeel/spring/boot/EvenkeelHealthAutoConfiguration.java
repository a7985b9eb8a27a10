package io.evenkeel.spring.boot;

import io.evenkeel.spring.PoolDirectory;
import io.evenkeel.spring.PoolHealth;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;

/** {@code evenkeel} in {@code /actuator/health}: down when a pool has no Pod that can be reached. */
@AutoConfiguration(after = EvenkeelAutoConfiguration.class)
@ConditionalOnClass({HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class})
@ConditionalOnBean(PoolDirectory.class)
public class EvenkeelHealthAutoConfiguration {

    @Bean
    @ConditionalOnMissingBean(name = "evenkeelHealthIndicator")
    @ConditionalOnEnabledHealthIndicator("evenkeel")
    HealthIndicator evenkeelHealthIndicator(PoolDirectory directory) {
        return () -> {
            PoolHealth health = PoolHealth.of(directory.pools());
            return (health.up() ? Health.up() : Health.down())
                    .withDetails(health.details())
                    .build();
        };
    }
}

package io.evenkeel.spring.boot;

import io.evenkeel.spring.EvenkeelConfiguration;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.context.annotation.Import;

/** Balances every data source and RSocket requester of the application, unless {@code evenkeel.enabled} is false. */
@AutoConfiguration
@ConditionalOnProperty(name = "evenkeel.enabled", matchIfMissing = true)
@Import({
    EvenkeelConfiguration.Common.class,
    EvenkeelConfiguration.DataSources.class,
    EvenkeelConfiguration.RSockets.class,
    EvenkeelConfiguration.Actuator.class
})
public class EvenkeelAutoConfiguration {}

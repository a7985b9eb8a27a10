package io.evenkeel.spring.boot;

import io.evenkeel.adapter.PoolSettings;
import io.evenkeel.event.EvenkeelListener;
import io.evenkeel.grpc.EvenkeelGrpc;
import io.evenkeel.spring.ListenerBeans;
import io.evenkeel.spring.PoolDirectory;
import io.grpc.ManagedChannelBuilder;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.grpc.client.autoconfigure.GrpcClientAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.grpc.client.GrpcChannelBuilderCustomizer;

/**
 * Shows the channels that Spring Boot makes: those whose policy is {@code evenkeel} have meters, a place in {@code
 * /actuator/evenkeel} and the health, and the application's listeners, under the channel's name. Which policy a channel
 * has is Spring Boot's own property, {@code spring.grpc.client.channel.<name>.default.load-balancing-policy}.
 */
@AutoConfiguration(after = EvenkeelAutoConfiguration.class, before = GrpcClientAutoConfiguration.class)
@ConditionalOnClass({EvenkeelGrpc.class, GrpcChannelBuilderCustomizer.class, GrpcClientAutoConfiguration.class})
@ConditionalOnBean(PoolDirectory.class)
public class EvenkeelGrpcAutoConfiguration {

    /** Before those of the application, which may give a channel other settings. */
    @Bean
    @Order(Ordered.HIGHEST_PRECEDENCE)
    <B extends ManagedChannelBuilder<B>> GrpcChannelBuilderCustomizer<B> evenkeelGrpcChannelBuilderCustomizer(
            PoolDirectory directory, ObjectProvider<EvenkeelListener> listeners) {
        return (channel, builder) ->
                EvenkeelGrpc.configure(builder, settings -> show(channel, settings, directory, listeners));
    }

    private static void show(
            String channel,
            PoolSettings settings,
            PoolDirectory directory,
            ObjectProvider<EvenkeelListener> listeners) {
        if (channel.indexOf(':') < 0) {
            // Else it is a target, whose Service is the pool's name anyway.
            settings.orName(channel);
        }
        settings.metrics(directory);
        settings.listener(ListenerBeans.of(listeners));
    }
}
